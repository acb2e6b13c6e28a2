/**
 * What coding agents ask for, in our own words and as small as it goes: the roles, the order, the kinds of
 * tools and the keywords of schemas are those that codex 0.169 and claude 2.1.330 were seen to send.
 */

const string = { type: "string" };
const number = { type: "number" };
const boolean = { type: "boolean" };
const closed = (properties: Record<string, unknown>, required: string[] = []) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
const codexFunction = (name: string, parameters: unknown) => ({
  type: "function",
  name,
  description: `${name}: does what its name says.`,
  strict: false,
  parameters,
});

/** First turn of `codex exec`: POST /v1/responses. */
export function codexRequest(model: string, prompt: string): Record<string, unknown> {
  const parts = {
    type: "array",
    items: closed({ type: string, text: string, image_url: string, path: string }),
  };
  const message = (role: string, text: string) => ({
    type: "message",
    id: `msg_${crypto.randomUUID()}`,
    role,
    content: [{ type: "input_text", text }],
  });
  return {
    model,
    stream: true,
    store: false,
    input: [
      message("developer", "You are an agent. Work with the tools."),
      message("developer", "There are no skills."),
      message("user", "<environment><cwd>/workspace</cwd></environment>"),
      message("user", prompt),
    ],
    tools: [
      codexFunction(
        "exec_command",
        closed({
          cmd: string,
          login: boolean,
          max_output_tokens: number,
          prefix_rule: { type: "array", items: string },
          sandbox_permissions: { type: "string", enum: ["use_default", "require_escalated"] },
          workdir: string,
        }, ["cmd"]),
      ),
      codexFunction("write_stdin", closed({ chars: string, session_id: number }, ["session_id"])),
      {
        type: "namespace",
        name: "multi_agent_v1",
        description: "Other agents.",
        tools: [
          codexFunction("spawn_agent", closed({ message: string, items: parts, fork_context: boolean })),
          codexFunction("wait_agent", closed({ targets: { type: "array", items: string } }, ["targets"])),
        ],
      },
      codexFunction("get_goal", closed({})),
      { type: "web_search", external_web_access: true },
    ],
    tool_choice: "auto",
    parallel_tool_calls: true,
    reasoning: { summary: "auto" },
    include: ["reasoning.encrypted_content"],
    prompt_cache_key: "thread-1",
    client_metadata: { session_id: "thread-1" },
  };
}

/** First turn of `claude -p`: POST /v1/messages?beta=true. */
export function claudeRequest(model: string, prompt: string): Record<string, unknown> {
  const tool = (name: string, properties: Record<string, unknown>, required?: string[]) => ({
    name,
    description: `${name}: does what its name says.`,
    input_schema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      ...closed(properties, required),
    },
  });
  const cached = { cache_control: { type: "ephemeral" } };
  return {
    model,
    max_tokens: 32000,
    stream: true,
    system: [
      { type: "text", text: "x-anthropic-billing-header: version=1; entrypoint=cli;" },
      { type: "text", text: "You are an agent.", ...cached },
      { type: "text", text: "Work with the tools.", ...cached },
    ],
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "<system-reminder>Sign your commits.</system-reminder>" },
          { type: "text", text: prompt, ...cached },
        ],
      },
      { role: "system", content: "The working directory is /workspace." },
    ],
    tools: [
      tool("Bash", { command: string, timeout: number, description: string }, ["command"]),
      tool("Edit", {
        file_path: string,
        old_string: string,
        new_string: string,
        replace_all: { type: "boolean", default: false },
      }, ["file_path", "old_string", "new_string"]),
      tool("Read", {
        file_path: string,
        offset: { type: "integer", minimum: 0, maximum: 9007199254740991 },
        limit: { type: "integer", exclusiveMinimum: 0, maximum: 9007199254740991 },
      }, ["file_path"]),
      tool("ReportFindings", {
        level: { type: "string", enum: ["low", "high"] },
        findings: {
          type: "array",
          maxItems: 32,
          items: closed({ file: string, summary: string, category: { type: "string", maxLength: 40 } }, [
            "file",
          ]),
        },
      }, ["findings"]),
      tool("Workflow", {
        script: { type: "string", maxLength: 524288 },
        args: {},
        runId: { type: "string", pattern: "^wf_[a-z0-9-]{6,}$" },
      }),
      { ...tool("Placeholder", {}), defer_loading: true },
    ],
    metadata: { user_id: "somebody" },
    thinking: { type: "adaptive", display: "omitted" },
    context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
    output_config: { effort: "high" },
  };
}

/** A tool of an MCP server that says more in its schema than can be enforced. */
export const wordySchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  properties: {
    path: { type: "string", not: { pattern: "\\.\\." }, pattern: "^(?!/etc)" },
    filter: { $ref: "#/definitions/filter" },
    tags: { type: "array", items: { type: "string" }, uniqueItems: true, contains: { const: "a" } },
    when: { oneOf: [{ type: "string", format: "date" }, { type: "string" }, { type: "null" }] },
    headers: { type: "object", patternProperties: { "^x-": { type: "string" }, "^y": false } },
  },
  required: ["path"],
  dependencies: { tags: ["filter"] },
  propertyNames: { maxLength: 20 },
  if: { properties: { path: { const: "/" } } },
  then: { required: ["filter"] },
  additionalProperties: false,
  definitions: {
    filter: { anyOf: [{ type: "string" }, { type: "array", items: { $ref: "#/definitions/filter" } }] },
  },
};
