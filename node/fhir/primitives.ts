/**
 * FHIR's primitive types as JSON must write them (source: hl7.org/fhir/R4/datatypes.html, its
 * expressions anchored). The package `fhir` leaves most of its own unanchored, so that a birth date
 * of 25/12/1974 passes there.
 * @module
 */

interface Primitive {
  readonly expected: string
  accepts(value: unknown): boolean
}

const DATE = String.raw`(?!0000)\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?`
const DAY = String.raw`(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])`
const CLOCK = String.raw`([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?`
const ZONE = String.raw`(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00))`

const text = (expected: string, pattern: RegExp): Primitive => ({
  expected,
  accepts: (value) => typeof value === 'string' && pattern.test(value)
})

const dated = (expected: string, pattern: RegExp): Primitive => ({
  expected,
  accepts: (value) => typeof value === 'string' && pattern.test(value) && isOnCalendar(value)
})

const whole = (expected: string, min: number): Primitive => ({
  expected,
  accepts: (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) < 2 ** 31
})

/** The day exists: no 31st of February. */
function isOnCalendar(value: string): boolean {
  const [year, month, day] = value.slice(0, 10).split('-').map(Number)
  if (year == null || month == null || day == null) return true
  return new Date(Date.UTC(year, month - 1, day)).getUTCMonth() === month - 1
}

const uri = text('a URI without spaces', /^\S+$/)
const words = text('text', /\S/)

export const PRIMITIVES: ReadonlyMap<string, Primitive> = new Map([
  ['base64Binary', text('base64', /^[0-9A-Za-z+/=\s]+$/)],
  ['boolean', { expected: 'true or false', accepts: (value) => typeof value === 'boolean' }],
  ['canonical', uri],
  ['code', text('a code without outer spaces', /^\S+( \S+)*$/)],
  ['date', dated('a date such as 1974-12-25, 1974-12 or 1974', new RegExp(`^${DATE}$`))],
  [
    'dateTime',
    dated('a date, or a time with its zone', new RegExp(`^(${DATE}|${DAY}T${CLOCK}${ZONE})$`))
  ],
  ['decimal', { expected: 'a number', accepts: (value) => typeof value === 'number' }],
  ['id', text('1 to 64 of A-Z a-z 0-9 - .', /^[A-Za-z0-9\-.]{1,64}$/)],
  ['instant', dated('an instant with its zone', new RegExp(`^${DAY}T${CLOCK}${ZONE}$`))],
  ['integer', whole('a whole number', -(2 ** 31))],
  ['markdown', words],
  ['oid', text('urn:oid:…', /^urn:oid:[0-2](\.(0|[1-9]\d*))+$/)],
  ['positiveInt', whole('a whole number from 1', 1)],
  ['string', words],
  ['time', text('a time hh:mm:ss without a zone', new RegExp(`^${CLOCK}$`))],
  ['unsignedInt', whole('a whole number from 0', 0)],
  ['uri', uri],
  ['url', uri],
  ['uuid', text('urn:uuid:…', /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)]
])
