/** find-tools: the tools of the session that are nearest to what is to be done, by an embedding model. */
import type { OwnTool } from "../gateway/gateway_session.ts";
import type { DynamicSession } from "./dynamic_session.ts";
import type { Meaning } from "./meaning.ts";
import { requiredText, textAnswer } from "./tool_answer.ts";

const most = 10;

export function findTools({ session }: DynamicSession, meaning: Meaning): OwnTool {
  return {
    definition: {
      name: "find-tools",
      description: "Find the tools of this session that fit what is to be done. Call them with mcp-exec.",
      inputSchema: {
        type: "object",
        properties: { prompt: { type: "string", description: "What is to be done" } },
        required: ["prompt"],
      },
      annotations: { readOnlyHint: true, title: "Find tools" },
    },
    async call(args) {
      const prompt = requiredText(args, "prompt");
      const tools = (await session.allTools()).filter(({ server }) => server);
      const texts = tools.map(({ definition: { name, description = "" } }) =>
        `${name.replace(/[_-]+/g, " ")}: ${description}`.slice(0, 1000)
      );
      const near = await meaning.nearness(prompt, texts);
      const best = tools.map(({ definition }, i) => ({ definition, near: near[i] }))
        .sort((a, b) => b.near - a.near || (a.definition.name < b.definition.name ? -1 : 1))
        .slice(0, most)
        .map(({ definition: { name, description, inputSchema } }) => ({ name, description, inputSchema }));
      return textAnswer(JSON.stringify({ prompt, tools: best }));
    },
  };
}
