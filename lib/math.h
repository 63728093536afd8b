/*
 * lib/math.h - logarithm, exponential and power, for setting things up: there is no C library in
 * the kernel. Accurate to about 1e-14 of the result (powers: while |y * log x| is below 100), and
 * the same on every machine. Any CPU; not for interrupt context.
 */
#pragma once

/* x > 0. */
double math_log(double x);

/* 0 for what is too small for a number, infinity for what is too large. */
double math_exp(double x);

/* x to the y, x > 0. */
double math_pow(double x, double y);
