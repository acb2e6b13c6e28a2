/** What a client posts. */
import { type MessageFault, readMessages } from "../json_rpc.ts";
import { ErrorCode, type JSONRPCMessage } from "../sdk.ts";
import { limitedText } from "../security/limited_text.ts";

/** One at least. */
export interface PostedMessages {
  messages: JSONRPCMessage[];
}

export interface RefusedPost {
  status: number;
  fault: MessageFault;
}

/** Where one of a batch is no message, none is taken. */
export async function readPost(request: Request, longestBody: number): Promise<PostedMessages | RefusedPost> {
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") return refused(415, `The Content-Encoding ${encoding} is not read here`);
  let text: string;
  try {
    text = request.body ? await limitedText(request.body, longestBody) : "";
  } catch (error) {
    return refused(413, `The message is too long: ${(error as Error).message}`);
  }
  const { messages, faults: [fault] } = readMessages(text);
  return fault ? { status: 400, fault } : { messages };
}

const refused = (status: number, message: string): RefusedPost => ({
  status,
  fault: { id: null, code: ErrorCode.InvalidRequest, message },
});
