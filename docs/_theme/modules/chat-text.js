// Between text and token ids: the model's tokenizer, the form it expects a conversation in, and replies as they grow.

import { Tokenizer } from "@huggingface/tokenizers";

/**
 * @typedef {import("./chat-protocol.d.ts").Message} Message
 * @typedef {Map<string, Uint8Array>} Files
 */

/** Chosen by test: `python -m scripts.system_prompts`. */
export const SYSTEM = /** @type {Message} */ ({
  role: "system", content: "You are a concise assistant that gives accurate, factual answers.",
});

export class ChatText {
  tokenizer;

  /** @param {Files} files with tokenizer.json and tokenizer_config.json */
  constructor(files) {
    const [tokenizer, config] = ["tokenizer.json", "tokenizer_config.json"].map((name) => JSON.parse(new TextDecoder().decode(files.get(name))));
    this.tokenizer = new Tokenizer(tokenizer, config);
  }

  /** @param {string} text */
  encode(text) {
    return this.tokenizer.encode(text).ids;
  }

  /** @param {number[]} ids */
  decode(ids) {
    return this.tokenizer.decode(ids, { skip_special_tokens: true });
  }

  /**
   * Ids of a conversation in the model's own form (ChatML).
   * @param {Message[]} messages
   * @param {boolean} [reply] whether the model is to go on with its reply
   */
  prompt(messages, reply = true) {
    const text = messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join("");
    return this.encode(text + (reply ? "<|im_start|>assistant\n" : ""));
  }

  /**
   * Text that grows token by token. A character may take several tokens; it comes with its last one.
   * @returns {(id: number) => string} the new piece
   */
  stream() {
    /** @type {number[]} */
    let waiting = [];
    return (id) => {
      waiting.push(id);
      const piece = this.decode(waiting);
      if (piece.endsWith("\ufffd") && waiting.length < 4) return "";
      waiting = [];
      return piece;
    };
  }
}
