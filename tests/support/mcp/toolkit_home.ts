/**
 * `~/.docker` as Docker's MCP toolkit leaves it: its YAML and JSON files with fields that skiff does not know, and
 * its SQLite database, made by Python's sqlite3 after the migrations of docker/mcp-gateway (pkg/db/migrations).
 */
import { debianPackages } from "../apt.ts";

/** Python with its standard library. */
export async function pythonWithSqlite(): Promise<string> {
  const found = await new Deno.Command("python3", { args: ["-c", "import sqlite3"], stderr: "null" }).output()
    .then(({ success }) => success, () => false);
  if (!found) await debianPackages("python3");
  return "python3";
}

const script = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
version = int(sys.argv[2])
db.executescript("""
create table schema_migrations (version uint64, dirty bool);
create unique index version_unique on schema_migrations (version);
create table working_set (id text primary key, name text not null,
  servers text not null check (json_valid(servers)), secrets text not null check (json_valid(secrets)));
""")
db.execute("insert into schema_migrations values (?, false)", (version,))
if version >= 2:
    db.executescript("""
create table catalog (ref text primary key, digest text not null, title text not null, source text);
create table catalog_server (id integer primary key,
  server_type text check(server_type in ('registry', 'image')),
  tools text check (json_valid(tools)), source text, image text,
  snapshot text check (json_valid(snapshot)), catalog_ref text not null,
  foreign key (catalog_ref) references catalog(ref) on delete cascade);
""")
if version >= 3: db.execute("alter table catalog add column last_updated datetime")
if version >= 4:
    db.executescript("""
create table migration_status (id integer primary key, status text not null, logs text,
  last_updated datetime default current_timestamp);
insert into migration_status (status, logs) values ('success', '');
""")
if version >= 5:
    db.executescript("""
drop table catalog_server;
create table catalog_server (id integer primary key,
  server_type text check(server_type in ('registry', 'image', 'remote')),
  tools text check (json_valid(tools)), source text, image text, endpoint text,
  snapshot text check (json_valid(snapshot)), catalog_ref text not null,
  foreign key (catalog_ref) references catalog(ref) on delete cascade);
""")
if version >= 6:
    db.executescript("""
create table pull_record (id integer primary key, ref text not null unique,
  first_pulled datetime default current_timestamp);
""")
data = json.load(sys.stdin)
for s in data["profiles"]:
    if version < 2: # the first ones had no snapshots and no remote servers
        s["servers"] = [{k: v for k, v in one.items() if k != "snapshot"} for one in s["servers"] if one["type"] != "remote"]
    db.execute("insert into working_set values (?, ?, ?, ?)",
               (s["id"], s["name"], json.dumps(s["servers"]), json.dumps(s["secrets"])))
for c in data["catalogs"] if version >= 2 else []:
    db.execute("insert into catalog (ref, digest, title, source) values (?, ?, ?, ?)",
               (c["ref"], c["digest"], c["title"], c["source"]))
    for s in c["servers"]:
        if version < 5 and s["type"] == "remote": continue
        row = {"server_type": s["type"], "tools": json.dumps(s.get("tools")), "source": s.get("source", ""),
               "image": s.get("image", ""), "catalog_ref": c["ref"],
               "snapshot": json.dumps(s["snapshot"]) if "snapshot" in s else "null"}
        if version >= 5: row["endpoint"] = s.get("endpoint", "")
        names = list(row)
        db.execute(f"insert into catalog_server ({', '.join(names)}) values ({', '.join('?' * len(names))})",
                   [row[name] for name in names])
for ref in data["pulls"] if version >= 6 else []:
    db.execute("insert into pull_record (ref) values (?)", (ref,))
db.commit()
db.close()
`;

/** Migrations that releases of docker/mcp-gateway ended with: v0.25, v0.28, v0.29, v0.37 and later. */
export const databaseVersions = [1, 2, 5, 6];

const image = `acme/notes-mcp@sha256:${"a".repeat(64)}`;

/** The entry of a container, with all the fields that Docker's catalog has for one. */
const notes = {
  description: "Keeps notes in a folder",
  title: "Notes",
  type: "server",
  dateAdded: "2026-03-01T00:00:00Z",
  image,
  ref: "",
  readme: "https://desktop.docker.com/mcp/catalog/v3/readme/notes.md",
  toolsUrl: "https://desktop.docker.com/mcp/catalog/v3/tools/notes.json",
  source: "https://github.com/acme/notes",
  upstream: "https://github.com/acme/notes",
  icon: "https://avatars.example/notes.png",
  tools: [{ name: "add_note" }, { name: "list_notes" }],
  secrets: [{ name: "notes.api_key", env: "NOTES_API_KEY", example: "key-123" }],
  env: [{ name: "NOTES_LEVEL", value: "{{notes.level|or:info}}" }],
  command: ["--root", "{{notes.folder|volume-target}}"],
  volumes: ["{{notes.folder|volume}}"],
  prompts: 2,
  resources: {},
  config: [{
    name: "notes",
    description: "Where they lie",
    type: "object",
    properties: { folder: { type: "string" }, level: { type: "string" } },
    required: ["folder"],
  }],
  metadata: {
    pulls: 1000,
    githubStars: 5,
    category: "productivity",
    tags: ["notes"],
    license: "MIT",
    owner: "acme",
  },
};

const docs = {
  description: "Searches documentation",
  title: "Docs",
  type: "remote",
  remote: {
    transport_type: "streamable-http",
    url: "https://docs.example.com/mcp",
    headers: { Authorization: "Bearer ${DOCS_TOKEN}" },
  },
  secrets: [{ name: "docs.token", env: "DOCS_TOKEN" }],
  "x-new-field": { of: ["a", "later", "version"] },
};

/** As Go's encoder writes a server into the database: with empty texts and structures for what is not there. */
function asGoWrites(name: string, entry: Record<string, unknown>): Record<string, unknown> {
  const empty = {
    description: "",
    container: { image: "", command: null, volumes: null },
    parameters: { type: "", properties: null, required: null },
  };
  const tools = (entry.tools ?? []) as Record<string, unknown>[];
  return {
    name,
    image: "",
    remote: {},
    ...entry,
    ...(tools.length > 0 ? { tools: tools.map((tool) => ({ ...empty, ...tool })) } : {}),
  };
}

const files: Record<string, string> = {
  "config.json": JSON.stringify(
    {
      auths: { "https://index.docker.io/v1/": {} },
      features: { hooks: "true", "dynamic-tools": "disabled" },
      plugins: { "-x-cli-hints": { enabled: "true" } },
    },
    null,
    "\t",
  ),
  "mcp/catalog.json": JSON.stringify({
    catalogs: {
      "docker-mcp": {
        displayName: "Docker MCP Catalog",
        url: "https://desktop.docker.com/mcp/catalog/v3/catalog.yaml",
        lastUpdate: "2026-07-01T10:00:00Z",
      },
      "team": { displayName: "Team", "x-owner": "me" },
      "Our Tools": { displayName: "Our Tools" },
    },
  }),
  "mcp/catalogs/docker-mcp.yaml":
    `version: 3\nname: docker-mcp\ndisplayName: Docker MCP Catalog\nregistry:\n  notes: ${
      JSON.stringify(notes)
    }\n  docs: ${JSON.stringify(docs)}\n`,
  "mcp/catalogs/team.yaml":
    "# of the team\nregistry:\n  own: # first\n    image: team/own:1\n    x-cost: 3\n    tools: [{name: go}]\n",
  "mcp/catalogs/our tools.yaml":
    'name: Our Tools\ndisplayName: Our Tools\nregistry:\n  theirs: {image: "our/own:1", type: server}\n',
  "mcp/registry.yaml":
    "# mine\nregistry:\n  notes:\n    ref: \"\"\n  own:\n    ref: ''\n    since: 2025 # kept\n",
  "mcp/config.yaml": "notes:\n  folder: /home/me/notes # here\n  level: debug\nother: {a: 1}\n",
  "mcp/tools.yaml": "notes:\n  - add_note\n",
};

const database = {
  profiles: [{
    id: "dev_tools",
    name: "Dev tools",
    secrets: { default: { provider: "docker-desktop-store" } },
    servers: [
      {
        type: "image",
        image,
        config: { folder: "/work" },
        secrets: "default",
        tools: ["add_note"],
        catalog_ref: "mcp/docker-mcp-catalog:latest",
        snapshot: { server: asGoWrites("notes", notes) },
      },
      {
        type: "remote",
        endpoint: docs.remote.url,
        secrets: "default",
        tools: null,
        snapshot: { server: asGoWrites("docs", docs) },
      },
    ],
  }],
  catalogs: [{
    ref: "mcp/docker-mcp-catalog:latest",
    digest: "b".repeat(64),
    title: "Docker MCP Catalog",
    source: "oci:mcp/docker-mcp-catalog:latest",
    servers: [
      { type: "image", image, snapshot: { server: asGoWrites("notes", notes) } },
      { type: "remote", endpoint: docs.remote.url, snapshot: { server: asGoWrites("docs", docs) } },
      {
        type: "image",
        image: "mcp/obsidian:1",
        tools: ["append_content"],
        snapshot: {
          server: asGoWrites("obsidian", {
            title: "Obsidian",
            type: "server",
            image: "mcp/obsidian:1",
            tools: [{ name: "append_content" }],
          }),
        },
      },
      { type: "registry", source: "https://registry.example/v0/servers/unknown" },
    ],
  }],
  pulls: ["mcp/docker-mcp-catalog:latest", "mcp/community-registry:latest"],
};

/** Writes all of it below a home. Gives the texts by path below `.docker`. */
export async function writeToolkitHome(
  home: string,
  python: string,
  version = databaseVersions.at(-1)!,
): Promise<Record<string, string>> {
  await Deno.mkdir(`${home}/.docker/mcp/catalogs`, { recursive: true });
  for (const [path, text] of Object.entries(files)) await Deno.writeTextFile(`${home}/.docker/${path}`, text);
  const child = new Deno.Command(python, {
    args: ["-c", script, `${home}/.docker/mcp/mcp-toolkit.db`, `${version}`],
    stdin: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(database)));
  await writer.close();
  if (!(await child.status).success) throw new Error("Python did not write the database");
  return files;
}
