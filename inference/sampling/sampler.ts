/** Chooses tokens: llama.cpp's chain of samplers, in its order and with its defaults. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { Candidates } from "./candidates.ts";
import { type Breakers, Dry, findBreakers } from "./dry.ts";
import { minP, temper, topNSigmaFloor, topP, typical, xtc } from "./filters.ts";
import { LogprobReport } from "./logprobs.ts";
import { Mirostat } from "./mirostat.ts";
import type { Constraint, SampledToken, Sampler, SamplingOptions } from "./options.ts";
import { Penalties } from "./penalties.ts";
import { createRandom, type Random } from "./random.ts";

/** What samplers need to know of a model; give the same object to all samplers of a model. */
export interface SamplerVocabulary {
  /** V. */
  vocabularySize: number;
  /** What -1 means for the settings that look back. */
  contextTokens: number;
  /** The text that a token stands for, control tokens included. */
  tokenText(token: number): string;
  tokenize(text: string): ArrayLike<number>;
}

/** The settings of a request that sets nothing. */
export const samplingDefaults: Required<Omit<SamplingOptions, "seed">> = {
  temperature: 0.8,
  dynatempRange: 0,
  dynatempExponent: 1,
  topK: 40,
  topP: 0.95,
  minP: 0.05,
  typicalP: 1,
  topNSigma: -1,
  repeatPenalty: 1,
  repeatLastN: 64,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
  mirostat: 0,
  mirostatTau: 5,
  mirostatEta: 0.1,
  dryMultiplier: 0,
  dryBase: 1.75,
  dryAllowedLength: 2,
  dryPenaltyLastN: -1,
  drySequenceBreakers: ["\n", ":", '"', "*"],
  xtcProbability: 0,
  xtcThreshold: 0.1,
  minKeep: 0,
};
type Settings = typeof samplingDefaults;

/** Each is looked for in every token of the vocabulary. */
const mostBreakers = 64;

/**
 * A sampler for one sequence. Under a constraint it chooses first and asks for the mask only when the choice
 * is refused; telling the constraint of the choice (`accept`) is the caller's. A seed of -1 is none, as in
 * llama.cpp.
 * @throws {SkiffError} "invalid_input" for a setting that has no meaning.
 */
export function createSampler(options: SamplingOptions, vocabulary: SamplerVocabulary): Sampler {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  const settings: Settings = { ...samplingDefaults, ...Object.fromEntries(given) };
  check(settings, vocabulary.vocabularySize);
  return new ChainSampler(settings, vocabulary, createRandom(options.seed === -1 ? undefined : options.seed));
}

function check(settings: Settings, vocabularySize: number): void {
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === "number" && Number.isNaN(value)) refuse(name, "is not a number");
  }
  if (settings.repeatPenalty <= 0) refuse("repeat_penalty", "must be above 0");
  if (![0, 1, 2].includes(settings.mirostat)) refuse("mirostat", `is ${settings.mirostat}, not 0, 1 or 2`);
  if (settings.drySequenceBreakers.length > mostBreakers) {
    refuse("dry_sequence_breakers", `has more than ${mostBreakers} texts`);
  }
  for (const [token] of settings.logitBias) {
    if (!Number.isInteger(token) || token < 0 || token >= vocabularySize) {
      refuse("logit_bias", `names the token ${token}, and the model has ${vocabularySize}`);
    }
  }
}

function refuse(name: string, reason: string): never {
  throw new SkiffError("invalid_input", `The setting ${name} ${reason}`);
}

/** What the samplers of one vocabulary share. */
interface Shared {
  candidates: Candidates;
  breakers: Map<string, Breakers>;
}
const sharedByVocabulary = new WeakMap<SamplerVocabulary, Shared>();

function sharedOf(vocabulary: SamplerVocabulary): Shared {
  let shared = sharedByVocabulary.get(vocabulary);
  if (!shared) {
    shared = { candidates: new Candidates(), breakers: new Map() };
    sharedByVocabulary.set(vocabulary, shared);
  }
  return shared;
}

function breakersOf(vocabulary: SamplerVocabulary, texts: readonly string[]): Breakers {
  const { breakers } = sharedOf(vocabulary);
  const key = JSON.stringify(texts);
  let found = breakers.get(key);
  if (!found) {
    // A client that sends others each time must not fill the memory.
    if (breakers.size >= 8) breakers.clear();
    found = findBreakers(texts, vocabulary);
    breakers.set(key, found);
  }
  return found;
}

class ChainSampler implements Sampler {
  readonly #settings: Settings;
  readonly #random: Random;
  readonly #candidates: Candidates;
  /** The steps that look back; none under mirostat, as in llama.cpp. */
  readonly #lookingBack: (Penalties | Dry)[] = [];
  readonly #mirostat?: Mirostat;

  constructor(settings: Settings, vocabulary: SamplerVocabulary, random: Random) {
    this.#settings = settings;
    this.#random = random;
    this.#candidates = sharedOf(vocabulary).candidates;
    const { mirostat, mirostatTau: tau, mirostatEta: eta } = settings;
    if (mirostat !== 0) this.#mirostat = new Mirostat({ version: mirostat, tau, eta });
    else this.#lookingBack = stepsThatLookBack(settings, vocabulary);
  }

  observe(token: number): void {
    for (const step of this.#lookingBack) step.observe(token);
  }

  sample(logits: Float32Array, options: { constraint?: Constraint; logprobs?: number } = {}): SampledToken {
    const { constraint, logprobs } = options;
    const report = logprobs === undefined ? undefined : new LogprobReport(logits, logprobs);
    this.#adjust(logits);
    let chosen = this.#choose(logits);
    if (constraint && (chosen === undefined || !constraint.allows(chosen.token))) {
      applyMask(logits, constraint.mask());
      chosen = this.#choose(logits);
    }
    if (chosen === undefined) throw noChoice(constraint !== undefined);
    const { token, probability } = chosen;
    this.#mirostat?.observe(probability);
    this.observe(token);
    return report ? { token, logprob: report.of(token), top: report.top } : { token };
  }

  /** Biases, penalties and mirostat's temperature, in the row. */
  #adjust(row: Float32Array): void {
    for (const [token, bias] of this.#settings.logitBias) row[token] += bias;
    for (const step of this.#lookingBack) step.apply(row);
    const { temperature } = this.#settings;
    if (!this.#mirostat || temperature <= 0) return;
    for (let i = 0; i < row.length; i++) row[i] /= temperature;
  }

  /** A token of the row, with the probability it had at the end of the chain; undefined when none can be. */
  #choose(row: Float32Array): { token: number; probability: number } | undefined {
    const settings = this.#settings;
    if (isGreedy(settings)) {
      const token = argmax(row);
      return token < 0 ? undefined : { token, probability: 1 };
    }
    const candidates = this.#candidates;
    if (this.#mirostat) this.#mirostat.select(candidates, row);
    else narrow(candidates, row, { settings, random: this.#random });
    if (candidates.size === 0) return undefined;
    const index = candidates.draw(this.#random());
    return { token: candidates.tokens[index], probability: candidates.probabilities[index] };
  }
}

function stepsThatLookBack(settings: Settings, vocabulary: SamplerVocabulary): (Penalties | Dry)[] {
  const steps: (Penalties | Dry)[] = [];
  const { contextTokens } = vocabulary;
  const lookBack = (tokens: number) =>
    tokens < 0 ? contextTokens : Math.min(Math.trunc(tokens), contextTokens);
  const { repeatPenalty: repeat, frequencyPenalty: frequency, presencePenalty: presence } = settings;
  const lastN = lookBack(settings.repeatLastN);
  if (lastN > 0 && (repeat !== 1 || frequency !== 0 || presence !== 0)) {
    steps.push(new Penalties({ lastN, repeat, frequency, presence }));
  }
  const { dryMultiplier: multiplier, dryBase: base, dryAllowedLength: allowedLength } = settings;
  const dryLastN = lookBack(settings.dryPenaltyLastN);
  if (multiplier !== 0 && base >= 1 && dryLastN > 0) {
    const breakers = breakersOf(vocabulary, settings.drySequenceBreakers);
    steps.push(new Dry({ multiplier, base, allowedLength, lastN: dryLastN }, breakers));
  }
  return steps;
}

/**
 * The chain from the adjusted row to the candidates to draw from, with their probabilities.
 * `random` is asked by XTC only.
 */
export function narrow(
  candidates: Candidates,
  row: Float32Array,
  { settings, random }: { settings: Settings; random: Random },
): void {
  const { minKeep } = settings;
  const topK = Math.trunc(settings.topK);
  const floor = topNSigmaFloor(row, settings.topNSigma);
  if (topK > 0) candidates.selectTop(row, Math.min(topK, row.length), floor);
  else candidates.collect(row, floor);
  if (candidates.size === 0) return;
  typical(candidates, settings.typicalP, minKeep);
  topP(candidates, settings.topP, minKeep);
  minP(candidates, settings.minP, minKeep);
  const { xtcProbability: probability, xtcThreshold: threshold } = settings;
  xtc(candidates, { probability, threshold, minKeep }, random);
  const { temperature, dynatempRange: range, dynatempExponent: exponent } = settings;
  temper(candidates, { temperature, range, exponent });
  candidates.softmax();
}

/** No step but the temperature can change which token is the likeliest. */
function isGreedy({ temperature, dynatempRange, typicalP, xtcProbability, mirostat }: Settings): boolean {
  if (temperature > 0) return false;
  return mirostat !== 0 || dynatempRange <= 0 && typicalP >= 1 && xtcProbability <= 0;
}

/** The likeliest token, the first of equals; -1 when no logit is a number above -Infinity. */
function argmax(row: Float32Array): number {
  let token = -1, most = -Infinity;
  for (let i = 0; i < row.length; i++) {
    if (row[i] > most) {
      most = row[i];
      token = i;
    }
  }
  return token;
}

/** Makes the tokens impossible whose bit is not set. */
function applyMask(row: Float32Array, mask: Uint32Array): void {
  for (let word = 0, base = 0; base < row.length; word++, base += 32) {
    const bits = mask[word];
    const end = Math.min(base + 32, row.length);
    if (bits === 0) row.fill(-Infinity, base, end);
    else if (bits !== 0xffffffff) {
      for (let i = base; i < end; i++) if ((bits >>> (i - base) & 1) === 0) row[i] = -Infinity;
    }
  }
}

function noChoice(constrained: boolean): SkiffError {
  if (!constrained) return new SkiffError("internal", "The model gave no score that is a number");
  return new SkiffError("internal", "No token of the vocabulary can follow under the grammar", {
    hint: "Change the grammar or schema, or the tokens that logit_bias forbids.",
  });
}
