/** A credential helper: speaks the protocol of docker-credential-helpers and keeps what it gets in files beside it. */
const helper = `#!/bin/sh
dir="$(dirname "$0")/kept"; mkdir -p "$dir"; input="$(cat)"
file() { printf %s "$1" | sed 's/[^a-zA-Z0-9.]/_/g'; }
url() { printf %s "$input" | sed -n 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/p'; }
case "$1" in
  store) printf %s "$input" > "$dir/$(file "$(url)")";;
  get) cat "$dir/$(file "$input")" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; };;
  erase) rm -f "$dir/$(file "$input")";;
  list) sep=; printf '{'; for f in "$dir"/*; do [ -e "$f" ] || continue
    printf '%s"%s":"x"' "$sep" "$(sed -n 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/p' "$f")"; sep=,; done; printf '}';;
esac
`;

/** With the helper `kept` installed, in a folder of its own below `home`. */
export async function withCredentialHelper(home: string, fn: () => Promise<void>): Promise<void> {
  const path = Deno.env.get("PATH")!;
  await Deno.mkdir(`${home}/bin`, { recursive: true });
  await Deno.writeTextFile(`${home}/bin/docker-credential-kept`, helper, { mode: 0o755 });
  Deno.env.set("PATH", `${home}/bin:${path}`);
  try {
    await fn();
  } finally {
    Deno.env.set("PATH", path);
  }
}
