/*
 * lib/math.c - series that converge fast, once the argument has been brought near 0 or 1.
 */
#include "lib/math.h"

#include <stdint.h>

#include "lib/string.h"

#define EXPONENT_BITS 0x7ff
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023

/* ln 2 in two parts: multiples of the first are exact for any exponent a double can have. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW  0x1.a39ef35793c76p-33
#define SQRT2    1.4142135623730951

static double power_of_two(int exponent)
{
    uint64_t bits = (uint64_t)(exponent + EXPONENT_BIAS) << MANTISSA_BITS;
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* x = m * 2^*exponent with m in 1 .. 2. Numbers too small for the usual form are scaled first. */
static double split(double x, int *exponent)
{
    int scaled = 0;
    if (x < 0x1p-1000) {
        x *= 0x1p100;
        scaled = 100;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    *exponent = (int)(bits >> MANTISSA_BITS & EXPONENT_BITS) - EXPONENT_BIAS - scaled;
    bits &= (UINT64_C(1) << MANTISSA_BITS) - 1;
    bits |= (uint64_t)EXPONENT_BIAS << MANTISSA_BITS;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

double math_log(double x)
{
    int exponent;
    double m = split(x, &exponent);
    if (m > SQRT2) {
        m /= 2;
        exponent++;
    }
    /* log m = 2 artanh s; |s| is at most 0.172, so each term is a thirtieth of the one before. */
    double s = (m - 1) / (m + 1);
    double square = s * s;
    double sum = 0;
    for (int k = 23; k >= 3; k -= 2) {
        sum = (sum + 1.0 / k) * square;
    }
    return exponent * LN2_HIGH + (2 * s + (2 * s * sum + exponent * LN2_LOW));
}

double math_exp(double x)
{
    if (x < -745.2) {
        return 0;
    }
    if (x > 709.79) {
        return __builtin_inf();
    }
    int n = (int)(x / (LN2_HIGH + LN2_LOW) + (x < 0 ? -0.5 : 0.5));
    double r = x - n * LN2_HIGH - n * LN2_LOW; /* at most 0.35 */
    double sum = 1;
    for (int k = 15; k >= 1; k--) {
        sum = 1 + sum * r / k;
    }
    /* In two steps: the factor alone may be beyond what a double holds. */
    return sum * power_of_two(n / 2) * power_of_two(n - n / 2);
}

double math_pow(double x, double y)
{
    return math_exp(y * math_log(x));
}
