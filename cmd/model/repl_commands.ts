/** The slash commands of the chat prompt. */

export type ReplCommand =
  | { type: "leave" }
  | { type: "help"; text: string }
  | { type: "system"; text: string }
  | { type: "context"; tokens: number; deprecated: boolean }
  | { type: "clear" }
  | { type: "error"; message: string };

const help = `Available commands:
  /set            Set session variables
  /clear          Forget the conversation
  /bye            Leave
  /?, /help       Help for a command
  /? shortcuts    Help for keyboard shortcuts
  /? files        Help for including files

Use """ to begin and end a message of several lines.
`;

const helpTopics: Record<string, string> = {
  set: `Available commands:
  /set system <text>     Set the system message (no text clears it)
  /set num_ctx <tokens>  Set the context size
`,
  shortcuts: `Available keyboard shortcuts:
  Ctrl + a        Move to the beginning of the line (Home)
  Ctrl + e        Move to the end of the line (End)
  Alt + b         Move back (left) one word
  Alt + f         Move forward (right) one word
  Ctrl + k        Delete the sentence after the cursor
  Ctrl + u        Delete the sentence before the cursor
  Ctrl + w        Delete the word before the cursor
  Ctrl + l        Clear the screen
  Ctrl + x        Write the message in your own editor ($EDITOR)
  Ctrl + c        Stop the answer
  Ctrl + d        Leave (/bye)
`,
  files: `Include a file in a message by its path after an @:
  @notes.txt               a text file
  @"my notes.txt"          a path with spaces
  @photo.png               an image (jpg, jpeg, png, webp), for models that see
`,
};

/** Reads a line that begins with a slash. */
export function parseReplCommand(line: string): ReplCommand {
  const [name, ...words] = line.trim().split(/\s+/);
  if (name === "/bye" || name === "/exit") return { type: "leave" };
  if (name === "/clear") return { type: "clear" };
  if (name === "/?" || name === "/help") {
    const topic = words[0]?.replace(/^\//, "");
    return { type: "help", text: topic ? helpTopics[topic] ?? help : help };
  }
  if (name === "/set") return parseSet(line, words);
  return { type: "error", message: `Unknown command '${name}'. Type /? for help` };
}

function parseSet(line: string, words: string[]): ReplCommand {
  if (words.length === 0) return { type: "help", text: helpTopics.set };
  if (words[0] === "system") {
    const text = line.trim().replace(/^\/set\s+system\s*/, "").replace(/^"""|"""$/g, "");
    return { type: "system", text: /^(['"]).*\1$/s.test(text) ? text.slice(1, -1) : text };
  }
  const deprecated = words[0] === "parameter";
  const [name, value] = deprecated ? words.slice(1) : words;
  if (name !== "num_ctx") {
    return { type: "error", message: `Unknown setting '${name ?? ""}'. Type /? set for help` };
  }
  const tokens = Number(value);
  if (!Number.isInteger(tokens) || tokens < 1) {
    return { type: "error", message: `num_ctx takes a whole number of tokens, not '${value ?? ""}'` };
  }
  return { type: "context", tokens, deprecated };
}
