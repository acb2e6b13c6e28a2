/** Calls that go on while something else happens. */
import type { Client } from "../../../gateway/mcp/sdk.ts";

export interface SteadyLoad {
  /** Calls that were answered. */
  answered(): number;
  /** Resolves when so many more were answered; throws when one has failed. */
  more(count: number): Promise<void>;
  /** Ends the callers. Throws when a call has failed or was answered wrongly. */
  end(): Promise<void>;
}

/** `callers` call test_echo one time after the other, each with a number that must come back. */
export function steadyLoad(client: Client, callers = 4): SteadyLoad {
  let answered = 0;
  let ended = false;
  let failure: unknown;
  let heard = Promise.withResolvers<void>();
  const next = () => {
    heard.resolve();
    heard = Promise.withResolvers();
  };
  const all = Array.from({ length: callers }, async (_, caller) => {
    try {
      for (let i = 0; !ended; i++) {
        const number = caller * 1_000_000 + i;
        const { structuredContent } = await client.callTool({ name: "test_echo", arguments: { number } });
        const { number: given } = structuredContent as { number: number };
        if (given !== number) throw new Error(`${given} was answered for ${number}`);
        answered++;
        next();
      }
    } catch (error) {
      failure ??= error;
      next();
    }
  });
  const check = () => {
    if (failure) throw failure;
  };
  return {
    answered: () => answered,
    async more(count) {
      const wanted = answered + count;
      for (check(); answered < wanted; check()) await heard.promise;
    },
    async end() {
      ended = true;
      await Promise.all(all);
      check();
    },
  };
}
