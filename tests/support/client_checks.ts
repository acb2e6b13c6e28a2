/** Suites of what a client must be able to do with a server, which hold for any model behind it. */

/** A running server. */
export interface ClientTarget {
  /** With the prefix, e.g. "http://127.0.0.1:12434/engines/v1". */
  baseURL: string;
  /** Name of a chat model. */
  model: string;
  close(): Promise<void> | void;
}

/** What is checked, by what it says; each with the client and the model's name. */
export type Checks<C> = Record<string, (client: C, model: string) => Promise<void>>;

/** Runs the checks as steps of a test, and closes the target. */
export async function runChecks<C>(
  t: Deno.TestContext,
  checks: Checks<C>,
  client: C,
  target: ClientTarget,
): Promise<void> {
  try {
    for (const [name, check] of Object.entries(checks)) {
      await t.step({
        name,
        sanitizeOps: false,
        sanitizeResources: false,
        fn: () => check(client, target.model),
      });
    }
  } finally {
    await target.close();
  }
}

/** Declares a test that starts a target and runs checks on it. */
export function clientSuite(
  name: string,
  start: () => Promise<ClientTarget>,
  run: (t: Deno.TestContext, target: ClientTarget) => Promise<void>,
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async (t) => await run(t, await start()),
  });
}
