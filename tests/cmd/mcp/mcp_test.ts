/** `skiff mcp`, as it is typed: what is printed, where, and with which exit code. */
import assert from "node:assert/strict";
import { withHome } from "../../gateway/mcp/home.ts";
import { typing } from "./typing.ts";

interface Step {
  words: string[];
  code?: number;
  out?: RegExp;
  err?: RegExp;
}

const stories: Record<string, Step[]> = {
  "catalogs and servers": [
    { words: ["catalog", "ls"], out: /^NAME +TITLE +SERVERS +UPDATED +SOURCE\nskiff +skiff's own +\d+/ },
    { words: ["catalog", "ls", "--format", "json"], out: /"docker-mcp": \{/ },
    { words: ["catalog", "show"], out: /duckduckgo +server +2 +allowed +Searches the web/ },
    { words: ["catalog", "show", "skiff", "--format=yaml"], out: /registry:\n {2}arxiv-mcp-server:/ },
    {
      words: ["catalog", "show", "--yq", '.registry[] | select(.title == "Fetch*") | key'],
      out: /^fetch\n$/,
    },
    {
      words: ["catalog", "show", "--format", "json", "--no-tools", "--yq", ".registry.fetch | keys"],
      out: /^\[\n {2}"title",(?![^]*"tools")[^]*\n\]\n$/,
    },
    {
      words: ["catalog", "show", "--yq", ".registry | nope"],
      code: 1,
      err: /^yq: 1:13: .*`nope`\n.*`\.name`/,
    },
    { words: ["catalog", "show", "--yq", "env(PATH)"], code: 1, err: /^yq: "env\(PATH\)" is left out/ },
    {
      words: ["catalog", "show", "nope"],
      code: 1,
      err: /There is no catalog "nope"\nCatalogs: skiff, docker-mcp\./,
    },
    { words: ["catalog", "create", "mine"], out: /Created mine/ },
    { words: ["catalog", "create", "mine"], code: 1, err: /already/ },
    { words: ["catalog", "rm", "docker-mcp"], code: 1, err: /belongs to Docker\n.*fork docker-mcp/ },
    { words: ["server", "ls"], out: /No server is enabled/ },
    {
      words: ["server", "enable", "duckduckgo", "filesystem"],
      out: /Enabled duckduckgo\nEnabled filesystem\n {2}Set a value/,
    },
    {
      words: ["server", "enable", "nope"],
      code: 1,
      err: /server nope not found in catalog\n`skiff mcp catalog show`/,
    },
    {
      words: ["server", "enable", "DuckDuckGo"],
      code: 1,
      err: /not found in catalog\nThere is: duckduckgo\.\n$/,
    },
    {
      words: ["server", "ls"],
      out:
        /NAME +OAUTH +SECRETS +CONFIG +POLICY +DESCRIPTION\nduckduckgo +- +- +- +allowed .*\nfilesystem +- +- +required/,
    },
    { words: ["server", "ls", "--json"], out: /"config": "required"/ },
    { words: ["config", "set", "filesystem.paths=[/tmp/a]"], out: /^$/ },
    { words: ["config", "read"], out: /^filesystem:\n {2}paths:\n {4}- \/tmp\/a\n$/ },
    {
      words: ["config", "set", "filesystem"],
      code: 2,
      err: /"filesystem" is no value\nGive SERVER\.KEY=VALUE/,
    },
    { words: ["config", "set", "filesystem..a=1"], code: 2, err: /is no value/ },
    { words: ["config", "set", "filesystem.a=[1"], code: 1, err: /a:1:\d+: Flow sequence/ },
    { words: ["config", "set", `filesystem.a="[1"`, "filesystem.b=[draft] x"], code: 1, err: /b:1:9/ },
    {
      words: ["config", "set", `fileystem.a="[1"`, "fileystem.day=2026-01-02"],
      out: /^$/,
      err: /No catalog has a server fileystem; .* There is: filesystem\./,
    },
    { words: ["config", "read"], out: /\nfileystem:\n {2}a: "\[1"\n {2}day: "2026-01-02"\n$/ },
    { words: ["server", "inspect", "filesystem"], out: /"enabled": true,[^]*"config": "done"/ },
    { words: ["tools", "disable", "search", "--server", "duckduckgo"], out: /Disabled search of duckduckgo/ },
    { words: ["tools", "enable", "search"], out: /Enabled search of duckduckgo/ },
    { words: ["tools", "enable", "nope"], code: 1, err: /tool nope not found/ },
    {
      words: ["server", "disable", "duckduckgo", "fetch"],
      out: /Disabled duckduckgo/,
      err: /fetch is not enabled/,
    },
    { words: ["config", "write", "a: [1"], code: 1, err: /config\.yaml:1:\d+/ },
    { words: ["config", "reset"], out: /removed/ },
    { words: ["server", "reset"], out: /All servers are disabled/ },
  ],
  "secrets go in and never come out": [
    { words: ["secret", "set", "brave.api_key=hunter2"], out: /^Kept brave\.api_key \(file\)\n$/ },
    { words: ["secret", "ls"], out: /^NAME +PROVIDER\nbrave\.api_key +file\n$/ },
    {
      words: ["secret", "ls", "--json"],
      out: /^\[\n {2}\{\n {4}"name": "brave.api_key",\n {4}"provider": "file"\n {2}\}\n\]\n$/,
    },
    { words: ["server", "inspect", "brave"], out: /"secrets": "done"/ },
    { words: ["secret", "set", "no name"], code: 2, err: /no name of a secret\nNames are like/ },
    { words: ["secret", "set", "brave.api_key="], code: 2, err: /empty/ },
    { words: ["secret", "rm"], code: 2, err: /No secret is named/ },
    { words: ["secret", "rm", "nope"], code: 1, err: /There is no secret nope/ },
    { words: ["secret", "rm", "--all"], out: /Removed brave\.api_key/ },
  ],
  "features": [
    { words: ["feature", "ls"], out: /dynamic-tools +enabled/ },
    { words: ["feature", "disable", "dynamic-tools"], out: /dynamic-tools is disabled/ },
    { words: ["feature", "ls"], out: /dynamic-tools +disabled/ },
    { words: ["feature", "enable", "nope"], code: 1, err: /There is no feature "nope"/ },
  ],
  "clients": [
    { words: ["client", "ls", "-g"], out: /CLIENT +INSTALLED +CONNECTED +FILE\n/ },
    {
      words: ["client", "connect", "cursor", "-g", "-p", "work"],
      code: 1,
      err: /There is no profile "work"/,
    },
    { words: ["profile", "create", "--name", "Work"] },
    {
      words: ["client", "connect", "cursor", "-g", "-p", "work"],
      out: /Connected Cursor: MCP_SKIFF in .*mcp\.json/,
    },
    { words: ["client", "connect", "cursor", "-g", "-p", "work"], out: /is connected already/ },
    { words: ["client", "connect", "lmstudio", "-g", "-q"], out: /^$/ },
    { words: ["client", "ls", "--global"], out: /cursor +(yes|no) +MCP_SKIFF \(work\)/ },
    {
      words: ["client", "ls", "-g", "--json"],
      out: /"dockerMCPCatalogConnected": true,\n {4}"profile": "work"/,
    },
    { words: ["client", "disconnect", "cursor", "-g"], out: /Disconnected Cursor: MCP_SKIFF is out of/ },
    { words: ["client", "disconnect", "cursor", "-g"], out: /is not connected/ },
    {
      words: ["client", "connect", "nope", "-g"],
      code: 1,
      err: /There is no client "nope"\nClients: claude-desktop/,
    },
    { words: ["client", "connect", "gordon", "-g"], code: 1, err: /Docker Desktop/ },
    { words: ["client", "manual-instructions", "--json"], out: /"mcp",\n {2}"gateway",\n {2}"run"/ },
  ],
  "profiles": [
    { words: ["profile", "ls"], out: /^No profile\. `skiff mcp profile create/ },
    { words: ["profile", "server", "ls"], out: /^No servers found\n$/ },
    { words: ["template", "ls"], out: /ai-coding +context7, sequentialthinking/ },
    {
      words: ["template", "use", "ai-coding", "--connect", "zed"],
      out: /Created profile ai-coding with 2 servers\nConnected Zed/,
    },
    {
      words: ["profile", "create", "--name", "Work", "--server", "time"],
      out: /Created profile work with 1 server\n/,
    },
    { words: ["profile", "ls"], out: /work +Work +time +file/ },
    { words: ["profile", "server", "add", "work", "--server", "fetch"], out: /Added to work: fetch/ },
    {
      words: ["profile", "config", "work", "--set", `time.zone={"a":1}`, "--get", "time.zone"],
      out: /^time\.zone=\{"a":1\}\n$/,
    },
    { words: ["profile", "config", "work", "--get-all"], out: /^time\.zone\.a=1\n$/ },
    { words: ["profile", "config", "work"], out: /^time\.zone\.a=1\n$/ },
    { words: ["profile", "config", "work", "--set", "fetch.agent=x"], out: /^fetch\.agent=x\n$/ },
    { words: ["profile", "config", "work", "--get", "time.none"], out: /^$/ },
    { words: ["profile", "config", "work", "--set", "time.=1"], code: 2, err: /"time\." is no SERVER\.KEY/ },
    {
      words: ["profile", "config", "work", "--set", "time.a=1", "--del", "time.a"],
      code: 2,
      err: /time\.a cannot be both set and removed/,
    },
    {
      words: [
        "profile",
        "config",
        "work",
        "--del",
        "time.zone.a",
        "--del",
        "fetch.agent",
        "--format",
        "json",
      ],
      out: /^\{\}\n$/,
    },
    { words: ["profile", "show", "work", "--format", "yaml"], out: /^(?![^]*zone:)/ },
    {
      words: ["profile", "tools", "work", "--disable", "time.convert_time"],
      out: /time: get_current_time\nfetch: all/,
    },
    { words: ["profile", "show", "ai-coding", "--clients"], out: /Clients: zed/ },
    {
      words: ["profile", "server", "ls", "-f", "profile=AI_coding"],
      out: /^PROFILE.*\nai-coding +context7 /,
    },
    { words: ["profile", "show", "work", "--format", "json"], out: /"id": "work"/ },
    { words: ["profile", "show", "work", "--yq", ".name"], out: /^Work\n$/ },
    { words: ["profile", "show", "work", "--yq", "{.id: (.servers | length)}"], out: /^work: \d+\n$/ },
    { words: ["profile", "show", "ai-coding", "--clients", "--yq", ".clients[]"], out: /^zed\n$/ },
    { words: ["profile", "server", "rm", "work", "fetch"], out: /Removed from work: fetch/ },
    { words: ["client", "connect", "cursor", "-g", "-p", "work"], out: /Connected Cursor/ },
    {
      words: ["profile", "rm", "work"],
      out: /^Removed profile work\nDisconnected Cursor: MCP_SKIFF is out of .*mcp\.json\n$/,
    },
    { words: ["profile", "create", "--name", "Ünï côde!!"], out: /Created profile uni-code / },
    {
      words: ["profile", "create", "--name", "日本"],
      code: 2,
      err: /gives no id for a profile\nGive one .* --id/,
    },
    { words: ["profile", "rm", "uni-code"], out: /^Removed profile uni-code\n$/ },
    { words: ["template", "use", "ai-coding"], code: 1, err: /"ai-coding" already\nChoose another name/ },
    { words: ["profile", "show", "work"], code: 1, err: /There is no profile "work"\nProfiles: ai-coding\./ },
  ],
  "hidden commands": [
    { words: ["config", "--help"], out: /reset +Remove the values[^\n]*\n$/ },
    { words: ["secret", "set", "exa.api_key=k=1"], out: /Kept/ },
    { words: ["secret", "export", "exa"], out: /^exa\.api_key=k=1\n$/ },
    { words: ["secret", "export", "github-official"], out: /^$/, err: /There is no secret github\.personal/ },
    { words: ["secret", "export", "nope"], code: 1, err: /server nope not found/ },
    { words: ["registry", "convert"], code: 2, err: /No file is named\nAdd --file/ },
    { words: ["registry", "convert", "--file", "/nope"], code: 1, err: /There is no file \/nope/ },
    {
      words: ["registry", "convert", "--file", "HOME/server.json"],
      out: /^name: io\.acme-docs\n[^]*type: remote\n/,
    },
    { words: ["profile", "create", "--name", "W", "--server", "time"], out: /Created profile w / },
    { words: ["profile", "manual-instructions", "w"], out: /mcp gateway run --profile w\n$/ },
  ],
  "a new server": [
    {
      words: ["server", "init", "HOME/greeter"],
      code: 2,
      err: /No template is named\nAdd --template: basic, chatgpt/,
    },
    {
      words: ["server", "init", "HOME/greeter", "--template", "no"],
      code: 2,
      err: /Allowed choices are basic/,
    },
    {
      words: ["server", "init", "HOME/greeter", "--language", "go", "--template", "basic"],
      out:
        /^Successfully initialized MCP server project in .*\/greeter \(template: basic\)\nNext steps:\n {2}cd /,
    },
    { words: ["server", "init", "HOME/greeter", "--template", "basic"], code: 1, err: /is not empty/ },
    {
      words: ["catalog", "import", "HOME/greeter/catalog.yaml", "--dry-run"],
      out: /Would import catalog: 1 server/,
    },
  ],
  "version": [{ words: ["version"], out: /^\d+\.\d+\.\d+\n$/ }],
};

for (const [name, steps] of Object.entries(stories)) {
  Deno.test(`skiff mcp: ${name}`, async (t) => {
    await withHome(async (home) => {
      const type = typing(home);
      const server = { name: "io.acme/docs", remotes: [{ type: "sse", url: "https://docs.test/sse" }] };
      await home.write("server.json", JSON.stringify(server));
      for (const { words, code = 0, out, err } of steps) {
        await t.step(words.join(" "), async () => {
          const said = await type(...words.map((word) => word.replace("HOME", home.home)));
          assert.equal(said.code, code, said.err);
          if (out) assert.match(said.out, out);
          if (err) assert.match(said.err, err);
          else assert.equal(said.err, "");
          assert.doesNotMatch(said.out + said.err, /hunter2/);
        });
      }
    });
  });
}
