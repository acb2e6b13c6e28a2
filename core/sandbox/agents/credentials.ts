/**
 * The user's credentials on this machine, as rules for the proxy that adds them outside of the sandbox. They are
 * read when a sandbox is run, and stay in memory.
 */
import { type CredentialRule, placeholderSecret } from "../network/credential_rule.ts";
import type { Agent, AgentContext, CredentialSource, InjectedCredential } from "./agent.ts";
import { readJsonFile } from "./json_file.ts";

type Environment = { get(name: string): string | undefined };

export interface FoundCredential {
  rule: CredentialRule;
  /** The secret itself. Never logged, never in a file. */
  value: string;
  /** The variable that holds the placeholder inside. */
  placeholder: string;
}

/** For each of the agent's services the first source that holds something. `home`: the user's own. */
export async function findCredentials(
  agent: Agent,
  env: Environment = Deno.env,
  home: string = env.get("HOME") ?? "/",
): Promise<FoundCredential[]> {
  const found: FoundCredential[] = [];
  for (const { provider, upstream, sources } of agent.credentials) {
    for (const source of sources) {
      const value = await secretOf(source, env, home);
      if (!value) continue;
      const { header, format, placeholder } = source;
      const secret = source.variable ?? `~/${source.file!.path}`;
      found.push({ rule: { provider, upstream, header, format, secret }, value, placeholder });
      break;
    }
  }
  return found;
}

/** What the agent is told of them; `endpoints`: base URLs inside the sandbox, by provider. */
export function injected(found: FoundCredential[], endpoints: Record<string, string>): InjectedCredential[] {
  return found.filter(({ rule }) => endpoints[rule.provider] !== undefined).map(({ rule, placeholder }) => ({
    provider: rule.provider,
    baseUrl: endpoints[rule.provider],
    placeholder,
  }));
}

/** The credential of a provider in a run, if it is injected. */
export function injectedFor(context: AgentContext, provider: string): InjectedCredential | undefined {
  return context.injection?.find((credential) => credential.provider === provider);
}

/** Base URL and placeholder as variables; `variable` and `path` of the base URL as the agent wants them. */
export function injectedVariables(
  credential: InjectedCredential | undefined,
  variable: string,
  path = "",
): Record<string, string> {
  if (!credential) return {};
  return { [variable]: `${credential.baseUrl}${path}`, [credential.placeholder]: placeholderSecret };
}

async function secretOf(
  { variable, file }: CredentialSource,
  env: Environment,
  home: string,
): Promise<string | undefined> {
  if (variable !== undefined) return env.get(variable)?.trim();
  let value: unknown = await readJsonFile(`${home}/${file!.path}`);
  for (const key of file!.keys) value = (value as Record<string, unknown> | undefined | null)?.[key];
  return typeof value === "string" ? value.trim() : undefined;
}
