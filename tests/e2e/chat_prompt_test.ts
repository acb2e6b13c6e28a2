/** The chat prompt, on a real terminal. */
import { match, strictEqual } from "node:assert";
import { homeTest } from "../support/executable.ts";
import { smollm2 } from "../support/models.ts";
import { onTerminal } from "../support/terminal.ts";

homeTest("skiff model run chats on a terminal", async (home) => {
  await home.ok(["model", "package", "--gguf", await smollm2(), "me/small"]);
  const session = onTerminal(`${home.executable} model run me/small`, home.env);
  try {
    await session.expect(/Send a message/);
    await session.type("/?\r");
    await session.expect(/Available commands/);
    await session.type("/set system Answer with one word.\r");
    await session.expect(/Set system message\./);
    await session.type('"""\rSay\rhello.\r"""\r');
    await session.expect(/\. """/);
    await session.expect(/\w[^]*Send a message/);
    // A long answer is stopped by Ctrl+C; the prompt comes back and remembers.
    await session.type("Write a very long story about a lighthouse.\r");
    await session.expect(/\n[^]*\w+ \w+ \w+/);
    await session.type("\x03");
    await session.expect(/Send a message/);
    await session.type("\x03");
    await session.expect(/Use Ctrl \+ d or \/bye to exit\./);
    await session.type("\x1b[A");
    await session.expect(/Write a very long story/);
    await session.type("\x15/wrong\r");
    await session.expect(/Unknown command '\/wrong'/);
    await session.type("/bye\r");
    strictEqual(await session.ended(), 0);
  } finally {
    session.kill();
  }
  match(await Deno.readTextFile(`${home.folder}/.local/state/skiff/history`), /lighthouse/);
});
