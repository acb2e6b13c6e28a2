/** Chat: from a request to a prompt, and from the model's text to what it means. */
import { type ControlTokens, controlTokens, promptPieces } from "./prompt_pieces.ts";
import { probeCapabilities, type TemplateCapabilities } from "./capabilities.ts";
import { answerConstraint, offeredTools } from "./call_grammar.ts";
import { type ConversationOptions, templateConversation } from "./conversation.ts";
import { defaultTemplate } from "./default_templates.ts";
import { type Family, markersOf, newCallId } from "./families/family.ts";
import { generic } from "./families/generic.ts";
import { familyOf } from "./families/select.ts";
import type { AnswerParser, ChatFormat, RenderedChat } from "./format.ts";
import { createAnswerParser } from "./parse/answer_parser.ts";
import type { ChatRequest } from "./request.ts";
import { mark } from "./template/marks.ts";
import { type ChatTemplate, compileTemplate, strftime } from "./template/template.ts";
import { Word } from "./template/values.ts";

export interface ChatFormatOptions {
  /** The model's `tokenizer.chat_template`; without one the architecture's usual format is taken. */
  template?: string;
  /** Further templates of the model by name: `tool_use` renders requests with tools. */
  variants?: Record<string, string>;
  /** Text of the tokens that begin and end a sequence. */
  bosText?: string;
  eosText?: string;
  /** `general.architecture`. */
  architecture: string;
  /** Texts of the vocabulary's control tokens. */
  controlTokens: Iterable<string>;
  /** Ids of control tokens, so that grammars can name any of them. */
  tokenId?: (text: string) => number | undefined;
}

/** Throws `SkiffError` "unsupported" when the template cannot be compiled. */
export function openChatFormat(options: ChatFormatOptions): ChatFormat {
  const tokens = new Set(options.controlTokens);
  for (const text of [options.bosText, options.eosText]) if (text) tokens.add(text);
  const source = options.template ?? defaultTemplate(options.architecture, tokens);
  const variant = options.variants?.tool_use;
  return new TemplateFormat(
    compileTemplate(source),
    variant === undefined ? undefined : compileTemplate(variant),
    { bos_token: new Word(options.bosText ?? ""), eos_token: new Word(options.eosText ?? "") },
    controlTokens(tokens),
    options.tokenId ?? (() => undefined),
  );
}

class TemplateFormat implements ChatFormat {
  readonly family: string;
  readonly supportsTools: boolean;
  readonly supportsThinking: boolean;
  readonly #family: Family;
  readonly #plain: PreparedTemplate;
  readonly #withTools: PreparedTemplate;

  constructor(
    template: ChatTemplate,
    toolTemplate: ChatTemplate | undefined,
    readonly variables: Record<string, unknown>,
    readonly control: ControlTokens,
    readonly tokenId: (text: string) => number | undefined,
  ) {
    this.#plain = new PreparedTemplate(template, variables);
    this.#withTools = toolTemplate ? new PreparedTemplate(toolTemplate, variables) : this.#plain;
    const { template: tooled, capabilities } = this.#withTools;
    const family = familyOf(tooled.source);
    this.#family = capabilities.tools ? family : describedInWords(family);
    this.family = this.#family.name;
    this.supportsTools = this.#withTools.capabilities.tools;
    const open = (this.#family.thoughts ?? this.#family.syntax.reasoning)?.open;
    this.supportsThinking = this.#plain.capabilities.thinkingSwitch ||
      (open !== undefined && template.source.includes(open));
  }

  render(chat: ChatRequest): RenderedChat {
    const prepared = offeredTools(chat).length > 0 ? this.#withTools : this.#plain;
    const family = this.#family;
    const prompt = prepared.prompt(chat, family);
    const { text, startsInReasoning } = openedReasoning(prompt, chat, family, prepared);
    return {
      pieces: promptPieces(text, this.control),
      constraint: answerConstraint(chat, {
        grammar: family.grammar,
        reasoning: this.supportsThinking ? family.thoughts ?? family.syntax.reasoning : undefined,
        startsInReasoning,
        answerOpen: family.answerOpen,
        nativeTools: prepared.capabilities.tools,
        control: this.control,
        controlToken: (text) => this.#controlToken(text),
      }),
      stop: family.stop ?? [],
      startsInReasoning,
      visibleTokens: markersOf(family),
    };
  }

  /** How a grammar names a control token; undefined for other text and where there is no way. */
  #controlToken(text: string): string | undefined {
    if (!this.control.texts.has(text)) return undefined;
    const id = this.tokenId(text);
    if (id !== undefined) return `<[${id}]>`;
    return /^<[^>[]+>$/.test(text) ? text : undefined;
  }

  parser(chat: ChatRequest, rendered: RenderedChat): AnswerParser {
    return createAnswerParser(this.#family.syntax, {
      tools: offeredTools(chat),
      startsInReasoning: rendered.startsInReasoning,
      separateReasoning: chat.reasoningFormat !== "none",
      newId: newCallId(this.#family),
    });
  }
}

/**
 * The template describes no tools, so conversation.ts does, and asks for the generic envelope. The family's own
 * marks are read as well, since its models were trained on them.
 */
function describedInWords(family: Family): Family {
  const syntax = { ...family.syntax, bare: generic.syntax.bare };
  return { ...family, syntax, grammar: generic.grammar };
}

/** A template with what is known of it. */
class PreparedTemplate {
  readonly capabilities: TemplateCapabilities;

  readonly #family: Family;

  constructor(readonly template: ChatTemplate, readonly variables: Record<string, unknown>) {
    this.#family = familyOf(template.source);
    this.capabilities = probeCapabilities(template, variables, this.#family.variables);
  }

  /** The prompt with marks, the last message continued if asked for. */
  prompt(chat: ChatRequest, family: Family): string {
    const last = chat.messages.at(-1);
    const continued = chat.continueLast && last?.role === "assistant" ? last : undefined;
    const messages = continued ? chat.messages.slice(0, -1) : chat.messages;
    const options: ConversationOptions = {
      capabilities: this.capabilities,
      callId: family.callId,
      writeCalls: family.writeCalls,
      thinkingField: /\bthinking\b/.test(this.template.source),
    };
    const conversation = templateConversation({ ...chat, messages }, options);
    const prompt = this.template.run({
      ...this.variables,
      add_generation_prompt: true,
      date_string: strftime("%d %b %Y", new Date()),
      ...chat.thinking !== undefined && { enable_thinking: chat.thinking, thinking: chat.thinking },
      // the models of which thinking cannot be turned off are asked for little of it
      ...chat.thinking === false && { reasoning_effort: "low" },
      ...chat.templateVariables,
      ...conversation,
      ...this.#family.variables?.(conversation.tools?.map((tool) => tool.function) ?? []),
      documents: chat.templateVariables?.documents ?? null,
    });
    return continued ? prompt + continuation(prompt, family, continued.content, continued.reasoning) : prompt;
  }
}

const isOpen = (prompt: string, open: string) => prompt.trimEnd().endsWith(open);

/** What the assistant has said already, to go on from there. */
function continuation(
  prompt: string,
  family: Family,
  content: ChatRequest["messages"][number]["content"],
  reasoning = "",
): string {
  const text = typeof content === "string"
    ? content
    : content.map((part) => part.type === "text" ? part.text : "").join("\n");
  const marks = family.syntax.reasoning;
  if (!marks) return mark(text);
  if (isOpen(prompt, marks.open)) return `${mark(reasoning)}\n${marks.close}\n\n${mark(text)}`;
  return reasoning === "" ? mark(text) : `${marks.open}\n${mark(reasoning)}\n${marks.close}\n\n${mark(text)}`;
}

/** Closes the reasoning again when none is wanted, and says whether the answer begins inside it. */
function openedReasoning(
  prompt: string,
  chat: ChatRequest,
  family: Family,
  { capabilities, template: { source: template } }: PreparedTemplate,
): { text: string; startsInReasoning: boolean } {
  const marks = family.syntax.reasoning;
  if (!marks || chat.continueLast) return { text: prompt, startsInReasoning: false };
  const open = isOpen(prompt, marks.open);
  if (chat.thinking !== false) return { text: prompt, startsInReasoning: open };
  if (open) return { text: `${prompt.trimEnd()}\n\n${marks.close}\n\n`, startsInReasoning: false };
  const thinksUnasked = !capabilities.thinkingSwitch && template.includes(marks.open);
  const text = thinksUnasked ? `${prompt}${marks.open}\n\n${marks.close}\n\n` : prompt;
  return { text, startsInReasoning: false };
}
