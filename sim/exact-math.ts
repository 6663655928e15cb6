/**
 * Logarithm and exponential from the four operations alone. ECMAScript leaves the last bits of
 * Math.log, exp and pow to the engine; a result that must be the same on every machine cannot pass
 * through them. The series are those of Sun's fdlibm, e_log.c and e_exp.c (error below 1 ulp).
 * @module
 */
const LN2_HI = 0.6931471803691238
const LN2_LO = 1.9082149292705877e-10
const LN2_INVERSE = Math.LOG2E

const words = new Uint32Array(2)
const float = new Float64Array(words.buffer)
// Every platform that Node runs on is little-endian; the high word is the second.
const HIGH = 1

/** Natural logarithm of a positive normal number. */
export function exactLog(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  float[0] = x
  const high = words[HIGH] as number
  let exponent = (high >>> 20) - 1023
  // the mantissa in [sqrt(2)/2, sqrt(2))
  words[HIGH] = (high & 0xfffff) | 0x3ff00000
  let mantissa = float[0] as number
  if (mantissa > Math.SQRT2) {
    mantissa /= 2
    exponent++
  }
  const f = mantissa - 1
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373))
  const odd =
    z *
    (0.6666666666666735 +
      w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)))
  const half = 0.5 * f * f
  return exponent * LN2_HI - (half - (s * (half + even + odd) + exponent * LN2_LO) - f)
}

/** e^x; 0 below -700 and Infinity above 700, which no distribution here reaches. */
export function exactExp(x: number): number {
  if (x < -700) return 0
  if (x > 700) return Number.POSITIVE_INFINITY
  const k = Math.round(x * LN2_INVERSE)
  const hi = x - k * LN2_HI
  const lo = k * LN2_LO
  const r = hi - lo
  const t = r * r
  const c =
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))))
  const y = 1 - (lo - (r * c) / (2 - c) - hi)
  // y · 2^k by two steps, so that neither factor leaves the normal range
  const half = k >> 1
  return y * powerOf2(half) * powerOf2(k - half)
}

/** x^y of a positive x. */
export const exactPow = (x: number, y: number): number => exactExp(y * exactLog(x))

function powerOf2(exponent: number): number {
  words[0] = 0
  words[HIGH] = (exponent + 1023) << 20
  return float[0] as number
}
