/** The user that the agent runs as: the owner of the workspace, with a name and a home inside. */

export interface Account {
  uid: number;
  gid: number;
  /** Absolute path inside. */
  home: string;
}

/** Accounts of an image. */
export interface AccountFiles {
  passwd: string;
  group: string;
}

const agentName = "agent";
const agentHome = "/home/agent";

/**
 * Who runs the agent. Root's folders are worked on by root, which has no capabilities inside; everybody else
 * gets the template's home, or what the image says of that uid.
 */
export function accountFor(owner: { uid: number; gid: number }, files: AccountFiles): Account {
  const entry = passwdEntry(files.passwd, owner.uid);
  const named =
    entry?.home.startsWith("/") && entry.home !== "/" && !/^\/(nonexistent|var|usr|bin|dev)/.test(entry.home)
      ? entry.home
      : undefined;
  return { ...owner, home: owner.uid === 0 ? "/root" : named ?? agentHome };
}

/** `passwd` and `group` with entries for the account; undefined for a file that needs none. */
export function accountFiles(account: Account, files: AccountFiles): Partial<AccountFiles> {
  const { uid, gid, home } = account;
  const result: Partial<AccountFiles> = {};
  const entry = passwdEntry(files.passwd, uid);
  if (!entry) {
    const taken = new Set(lines(files.passwd).map((line) => line.split(":")[0]));
    const name = [agentName, "sandbox", `user${uid}`].find((one) => !taken.has(one)) ?? `user-${uid}`;
    result.passwd = withLine(files.passwd, `${name}:x:${uid}:${gid}:Sandboxed agent:${home}:/bin/sh`);
  }
  if (!lines(files.group).some((line) => Number(line.split(":")[2]) === gid)) {
    const taken = new Set(lines(files.group).map((line) => line.split(":")[0]));
    const name = [agentName, "sandbox", `group${gid}`].find((one) => !taken.has(one)) ?? `group-${gid}`;
    result.group = withLine(files.group, `${name}:x:${gid}:`);
  }
  return result;
}

function passwdEntry(passwd: string, uid: number): { name: string; home: string } | undefined {
  for (const line of lines(passwd)) {
    const [name, , id, , , home = ""] = line.split(":");
    if (id !== "" && Number(id) === uid) return { name, home };
  }
  return undefined;
}

const lines = (text: string) => text.split("\n").filter(Boolean);

function withLine(text: string, line: string): string {
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`;
}
