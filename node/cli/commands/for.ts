/**
 * The flag of every command that can speak for somebody else.
 * @module
 */
export const FOR = 'in the name of a ward of yours, or of an account that you succeeded'
