/**
 * Ties in a karate club of 34 members that split in two: W. W. Zachary, An Information Flow Model for Conflict and Fission in
 * Small Groups, Journal of Anthropological Research 33 (1977).
 */

/** The ties of each member with members of higher numbers. */
const higher: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31],
  1: [2, 3, 7, 13, 17, 19, 21, 30],
  2: [3, 7, 8, 9, 13, 27, 28, 32],
  3: [7, 12, 13],
  4: [6, 10],
  5: [6, 10, 16],
  6: [16],
  8: [30, 32, 33],
  9: [33],
  13: [33],
  14: [32, 33],
  15: [32, 33],
  18: [32, 33],
  19: [33],
  20: [32, 33],
  22: [32, 33],
  23: [25, 27, 29, 32, 33],
  24: [25, 27, 31],
  25: [31],
  26: [29, 33],
  27: [33],
  28: [31, 33],
  29: [32, 33],
  30: [32, 33],
  31: [32, 33],
  32: [33],
}

/** Those that went with the instructor, member 0; the others with the administrator, member 33. */
const withInstructor = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21])

export const karateClub: {
  readonly members: number
  readonly ties: readonly (readonly [number, number])[]
  readonly sides: readonly number[]
} = {
  members: 34,
  ties: Object.entries(higher).flatMap(([a, others]) => others.map((b) => [Number(a), b] as const)),
  sides: Array.from({ length: 34 }, (_, member) => (withInstructor.has(member) ? 0 : 1)),
}
