/** Where the user's secrets for the agents' services are on this machine. They are read when they are needed. */
import type { CredentialRule, CredentialSource } from "./agent.ts";
import { readJsonFile } from "./json_file.ts";

type Environment = { get(name: string): string | undefined };

export interface FoundSecret {
  source: CredentialSource;
  secret: string;
}

/** The first source of the rule that holds something. `home`: the user's own. */
export async function findSecret(
  rule: CredentialRule,
  env: Environment = Deno.env,
  home: string = env.get("HOME") ?? "/",
): Promise<FoundSecret | undefined> {
  for (const source of rule.sources) {
    const secret = source.variable === undefined
      ? await fileSecret(source.file!, home)
      : env.get(source.variable)?.trim();
    if (secret) return { source, secret };
  }
  return undefined;
}

async function fileSecret(
  { path, keys }: NonNullable<CredentialSource["file"]>,
  home: string,
): Promise<string | undefined> {
  let value: unknown = await readJsonFile(`${home}/${path}`);
  for (const key of keys) value = (value as Record<string, unknown> | undefined | null)?.[key];
  return typeof value === "string" ? value : undefined;
}
