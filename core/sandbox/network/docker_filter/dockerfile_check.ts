/**
 * What the Engine itself would fetch for a build. `ADD` of a URL and pulls of base images are the Engine's own
 * traffic, from the host's network: the first is refused, the second is told, to be decided by the policy.
 *
 * The classic builder joins continued lines before it looks at them. The same is done here, and what is given
 * back is one line an instruction, so that what was checked is what is built.
 */
import { Refusal } from "./refusal.ts";

export interface CheckedDockerfile {
  text: string;
  /** Images that the Engine pulls when it does not have them. */
  images: string[];
}

/** Throws `Refusal`. `buildArgs` override the defaults of global `ARG`s in `FROM` lines. */
export function checkDockerfile(text: string, buildArgs: Record<string, unknown> = {}): CheckedDockerfile {
  const { escape, lines } = instructions(text);
  const images = new Set<string>();
  const stages = new Set<string>(["scratch"]);
  const globals = new Map<string, string>();
  let stageCount = 0;
  const written = lines.map((line) => {
    const [, name, rest] = /^([A-Za-z]+)[ \t]*(.*)$/s.exec(line) ?? [];
    switch (name?.toUpperCase()) {
      case "ARG":
        if (stageCount === 0) readArg(rest, buildArgs, globals);
        return line;
      case "FROM": {
        const { image, stage, rewritten } = readFrom(rest, globals);
        if (!stages.has(image.toLowerCase())) images.add(image);
        if (stage) stages.add(stage.toLowerCase());
        stages.add(String(stageCount++));
        return rewritten;
      }
      case "COPY": {
        const source = copySource(rest);
        if (source !== undefined && !stages.has(source.toLowerCase())) images.add(source);
        return line;
      }
      case "ADD":
      case "ONBUILD":
        checkNested(name, rest);
        return line;
      default:
        return line;
    }
  });
  const directive = escape === "\\" ? [] : [`# escape=${escape}`];
  return { text: `${[...directive, ...written].join("\n")}\n`, images: [...images] };
}

/** Logical lines without comments, as the classic builder joins them. */
function instructions(text: string): { escape: string; lines: string[] } {
  const physical = text.replace(/^\ufeff/, "").split("\n").map((line) => line.replace(/\r$/, ""));
  let escape = "\\";
  for (const line of physical) {
    const directive = /^#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(.+?)[ \t]*$/.exec(line);
    if (!directive) break;
    if (directive[1].toLowerCase() === "escape") escape = directive[2];
  }
  if (escape !== "\\" && escape !== "`") {
    throw new Refusal("the Dockerfile's escape character is not known", 400);
  }
  const lines: string[] = [];
  let joined: string | undefined;
  const end = () => {
    const line = joined?.trim();
    joined = undefined;
    if (!line || line.startsWith("#")) return;
    if (line.endsWith(escape)) throw new Refusal("a line of the Dockerfile ends in an escape", 400);
    if (/[\r\0\v\f\u0085\u2028\u2029]/.test(line)) {
      throw new Refusal("a line of the Dockerfile holds a line break", 400);
    }
    lines.push(line);
  };
  for (const line of physical) {
    if (/^\s*#/.test(line) || (joined !== undefined && line.trim() === "")) continue;
    const continued = /^(.*)[\\`][ \t]*$/s.exec(line);
    const goes = continued !== null && line.trimEnd().endsWith(escape);
    joined = (joined ?? "") + (goes ? continued[1] : line);
    if (!goes) end();
  }
  end();
  return { escape, lines };
}

function readArg(rest: string, buildArgs: Record<string, unknown>, globals: Map<string, string>): void {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=(\S*))?$/.exec(rest.trim()) ?? [];
  if (name === undefined) return; // its users below are refused
  const given = buildArgs[name];
  const plain = value?.replace(/^(["'])(.*)\1$/, "$2");
  if (typeof given === "string") globals.set(name, given);
  else if (plain !== undefined) globals.set(name, plain);
}

/** `FROM` with its variables put in: the image must be known before the Engine pulls it. */
function readFrom(
  rest: string,
  globals: Map<string, string>,
): { image: string; stage?: string; rewritten: string } {
  const [, platform, named, stage] =
    /^(--platform=\S+[ \t]+)?(\S+)(?:[ \t]+as[ \t]+(\S+))?$/i.exec(rest.trim()) ?? [];
  if (named === undefined) throw new Refusal(`"FROM ${rest}" cannot be read`, 400);
  const image = named.replace(/\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)/g, (all, braced, bare) => {
    return globals.get(braced ?? bare) ?? all;
  });
  if (!/^[\w./:@-]+$/.test(image)) {
    throw new Refusal(`the base image "${named}" cannot be told before the build`);
  }
  return { image, stage, rewritten: `FROM ${platform ?? ""}${image}${stage ? ` AS ${stage}` : ""}` };
}

function copySource(rest: string): string | undefined {
  const source = /^(?:--\S+[ \t]+)*?--from=(\S*)/i.exec(rest.trim())?.[1];
  if (source !== undefined && !/^[\w./:@-]+$/.test(source)) {
    throw new Refusal(`the source "${source}" of COPY cannot be told before the build`);
  }
  return source;
}

/** A URL needs a colon; a variable or an escape could hide one. */
function checkNested(name: string, rest: string): void {
  if (name.toUpperCase() === "ONBUILD") {
    const [, inner, more] = /^([A-Za-z]+)[ \t]*(.*)$/s.exec(rest.trim()) ?? [];
    if (/^(FROM|ONBUILD|COPY)$/i.test(inner ?? "") && /--from/i.test(more)) {
      throw new Refusal("ONBUILD COPY --from is not allowed in a sandbox");
    }
    if (inner?.toUpperCase() === "ADD") checkNested("ADD", more);
    return;
  }
  if (/[:$\\`]/.test(rest.replace(/--chown=[\w:-]+/i, ""))) {
    throw new Refusal(
      "ADD of a URL is not allowed in a sandbox: the Engine would fetch it from the host's network; use RUN with curl, or COPY for files",
    );
  }
}
