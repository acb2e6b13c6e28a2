/** One streamed chat completion, timed from outside: what a client sees. */

export interface StreamRequest {
  /** "http://127.0.0.1:12434/v1" */
  base: string;
  model: string;
  messages: { role: string; content: string }[];
  maxTokens: number;
  /** Further fields of the request. */
  more?: Record<string, unknown>;
}

export interface StreamTimes {
  /** Milliseconds from sending the request to the first piece of the answer. */
  first: number;
  /** Milliseconds from the first piece to the last. */
  rest: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  text: string;
}

/** Greedy, without an end: every run computes the same number of tokens. */
export async function timeStream(
  { base, model, messages, maxTokens, more }: StreamRequest,
): Promise<StreamTimes> {
  const body = {
    model,
    messages,
    max_tokens: maxTokens,
    temperature: 0,
    ignore_eos: true,
    stream: true,
    stream_options: { include_usage: true },
    ...more,
  };
  const start = performance.now();
  const response = await fetch(`${base}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`);
  let first = 0;
  let last = 0;
  const times: StreamTimes = {
    first: 0,
    rest: 0,
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    text: "",
  };
  for await (const event of events(response.body)) {
    const text = event.choices?.[0]?.delta?.content;
    if (text) {
      last = performance.now();
      first ||= last;
      times.text += text;
    }
    if (event.usage) {
      times.promptTokens = event.usage.prompt_tokens;
      times.cachedTokens = event.usage.prompt_tokens_details?.cached_tokens ?? 0;
      times.completionTokens = event.usage.completion_tokens;
    }
  }
  return { ...times, first: first - start, rest: last - first };
}

async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<any> {
  let pending = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream() as ReadableWritablePair)) {
    pending += chunk;
    const lines = pending.split("\n");
    pending = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith("data: ") && line !== "data: [DONE]") yield JSON.parse(line.slice(6));
    }
  }
}
