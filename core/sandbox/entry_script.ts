/**
 * The shell script that starts a program in a sandbox. One exec does all: it waits at its gate, reads the
 * persistent environment, sets the terminal's size before the program looks, searches the program as the template
 * meant it to be found, and becomes it.
 */

/** Sourced by every shell of the sandbox; kept as long as the sandbox is. */
export const persistentFile = "/etc/sandbox-persistent.sh";

/** Exit code of a program that was not let through its gate. */
const neverStarted = 125;

/** Exit code of a program that is not there, as of shells. */
export const missingCode = 127;

/** Word for word what the documentation says. */
export function missingBinaryMessage(binary: string): string {
  return `The ${binary} binary was not found in the sandbox; please check this is the correct sandbox for this agent.`;
}

/** Marks the processes of one session in their environment, so that they can be found and ended. */
export const sessionVariable = "SKIFF_SESSION";

/** First line of the input of a program that waits at its gate. */
export const gateWord = "go";

/**
 * $1: what to say when the program is missing, "" to search nowhere; $2: "ROWS COLUMNS" or ""; $3: "" for no gate,
 * else what the program gets as its input, "input" (what stands behind the word) or "nothing"; then the program
 * and its arguments. `~/` in PATH is expanded as bash does it: the documented Dockerfile relies on it.
 *
 * The gate: starting an exec takes the Engine 40 ms, in which skiff makes sure that it is the right sandbox and
 * that its way out is open. Without the word nothing is run. `read` takes a pipe byte by byte, so that what
 * follows is the program's.
 */
const script = `
message=$1 size=$2 gate=$3; shift 3
if [ -n "$gate" ]; then
  IFS= read -r word && [ "$word" = ${gateWord} ] || exit ${neverStarted}
  if [ "$gate" = nothing ]; then exec </dev/null; fi
fi
if [ -s ${persistentFile} ] && sh -n ${persistentFile} 2>/dev/null; then . ${persistentFile}; fi
if [ -n "$size" ]; then stty rows "\${size% *}" cols "\${size#* }" 2>/dev/null; fi
case ":$PATH" in *":~/"*)
  found= IFS=:
  for folder in $PATH; do
    case $folder in "~/"*) folder=$HOME/\${folder#??};; esac
    found=$found\${found:+:}$folder
  done
  unset IFS
  PATH=$found; export PATH;;
esac
if [ -n "$message" ] && ! command -v "$1" >/dev/null 2>&1; then
  for shell in bash sh; do
    login=$($shell -lc 'printf %s "$PATH"' 2>/dev/null) || continue
    if (PATH=$login; command -v "$1") >/dev/null 2>&1; then PATH=$login; export PATH; break; fi
  done
  if ! command -v "$1" >/dev/null 2>&1; then echo "$message" >&2; exit ${missingCode}; fi
fi
exec "$@"
`.trim();

export interface Entry {
  command: string[];
  /** Said when the program is not found; then it is also searched where a login shell would. */
  missing?: string;
  /** Of the terminal, where the Engine cannot be told. */
  size?: { rows: number; columns: number };
  /** Waits for the line `gateWord`; then its input is the rest of what comes, or nothing. */
  gate?: "input" | "nothing";
}

/** The argument vector of the exec. */
export function entryCommand({ command, missing = "", size, gate }: Entry): string[] {
  return [
    "/bin/sh",
    "-c",
    script,
    "sandbox",
    missing,
    size ? `${size.rows} ${size.columns}` : "",
    gate ?? "",
    ...command,
  ];
}

/** Sends a signal to every process of a session: $1 its id, $2 the signal. */
const killScript = `
for file in $(grep -ls "${sessionVariable}=$1" /proc/[0-9]*/environ 2>/dev/null); do
  pid=\${file#/proc/}; kill -"$2" "\${pid%/environ}" 2>/dev/null
done
true
`.trim();

export function killCommand(session: string, signal: string): string[] {
  return ["/bin/sh", "-c", killScript, "sandbox", session, signal];
}
