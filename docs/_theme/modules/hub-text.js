// Text and token ids of a model from a host: its own tokenizer, and its own form of a conversation (a Jinja template).

import { Template } from "@huggingface/jinja";
import { ChatText } from "./chat-text.js";
import { DemoError } from "./demo-error.js";

/** @typedef {import("./chat-protocol.d.ts").Message} Message */

/** Longer conversations need more memory than many a device has; the fit calculator counts with it, too. */
const MOST_CONTEXT = 4096;

export class HubText extends ChatText {
  #template;
  #tokens;

  /** @param {Map<string, Uint8Array>} files */
  constructor(files) {
    super(files);
    const config = json(files, "tokenizer_config.json");
    const { chat_template: own } = config;
    const template = text(files, "chat_template.jinja") ?? (Array.isArray(own) ? own.find(({ name }) => name === "default")?.template : own);
    if (!template) throw new DemoError("missing_file", { file: "chat_template.jinja" });
    this.#template = new Template(template);
    this.#tokens = Object.fromEntries(["bos_token", "eos_token"].map((name) => [name, config[name]?.content ?? config[name] ?? ""]));
  }

  /** The template has written the special tokens already. @param {string} text */
  encode(text) {
    return this.tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /**
   * @param {Message[]} messages
   * @param {boolean} [reply]
   */
  prompt(messages, reply = true) {
    // A model that can think aloud first answers at once here: a thought of some hundred tokens helps nobody who waits.
    const slots = { messages, add_generation_prompt: reply, enable_thinking: false, ...this.#tokens };
    return this.encode(this.#template.render(slots));
  }
}

/**
 * How many tokens a conversation may take, and which tokens end a reply.
 * @param {Map<string, Uint8Array>} files
 */
export function limits(files) {
  const config = json(files, "config.json");
  const generation = json(files, "generation_config.json");
  return {
    contextTokens: Math.min(MOST_CONTEXT, config.max_position_embeddings ?? MOST_CONTEXT),
    endTokens: /** @type {number[]} */ ([generation.eos_token_id ?? config.eos_token_id].flat()),
  };
}

/**
 * @param {Map<string, Uint8Array>} files
 * @param {string} name
 */
function text(files, name) {
  const bytes = files.get(name);
  return bytes && new TextDecoder().decode(bytes);
}

/**
 * @param {Map<string, Uint8Array>} files
 * @param {string} name
 * @returns {Record<string, any>} empty if the model has no such file
 */
function json(files, name) {
  return JSON.parse(text(files, name) ?? "{}");
}
