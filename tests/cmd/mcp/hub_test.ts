/** `skiff mcp hub` as it is typed. */
import assert from "node:assert/strict";
import { withHome } from "../../gateway/mcp/home.ts";
import { typing } from "./typing.ts";

const variables = { MCP_AUTH_TOKEN: "word" };
const http = "--transport=http";

interface Case {
  words: string[];
  variables?: Record<string, string>;
  code: number;
  err: RegExp;
}

const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const { port } = taken.addr as Deno.NetAddr;

const cases: Record<string, Case> = {
  "a port that is taken": {
    words: [http, `--port=${port}`],
    variables,
    code: 1,
    err: new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is in use by another program\\nChoose another one`),
  },
  "no port": { words: [http, "--port=80x"], variables, code: 2, err: /"80x" is no port/ },
  "http without a token": {
    words: [http],
    code: 2,
    err: /Set MCP_AUTH_TOKEN, or give --allow-unauthenticated/,
  },
  "another transport": { words: ["--transport=sse"], code: 2, err: /Allowed choices are stdio, http/ },
  "a Hub in the clear": {
    words: ["--hub-url=http://hub.example"],
    code: 2,
    err: /no address for Docker Hub/,
  },
};

for (const [name, { words, variables = {}, code, err }] of Object.entries(cases)) {
  Deno.test(`skiff mcp hub is plain about ${name}`, () =>
    withHome(async (home) => {
      const said = await typing(home)("hub", ...words);
      assert.equal(said.code, code, said.err);
      assert.match(said.err, err);
      assert.equal(said.out, "");
    }, variables));
}
