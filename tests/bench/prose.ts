/** Prompts of a given length that differ from their first word on, so that no cache knows them. */

const words =
  ("the of harbour and light to in keeper was storm a that night ship it sailors with stone for stairs on as " +
    "winter by at lamp from oil his brass they sea were wind which or had island one rope all there been rock " +
    "letters have village if boat more bread when fire will would who map so no said what up its about into than")
    .split(" ");

/** About `tokens` tokens of words, the same for the same seed. */
export function makeProse(tokens: number, seed: number): string {
  let state = (seed + 1) * 2654435761 >>> 0;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: Math.round(tokens * 0.98) }, () => words[Math.floor(next() * words.length)])
    .join(" ");
}
