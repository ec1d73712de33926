// Token ids by the page's own code: node tokenize.mjs MODEL_DIR < {chats, texts} > {chats, texts, decoded}
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ChatText } from "../../docs/_theme/modules/chat-text.js";

const names = ["tokenizer.json", "tokenizer_config.json"];
const text = new ChatText(new Map(names.map((name) => [name, readFileSync(join(process.argv[2], name))])));
const { chats, texts } = JSON.parse(readFileSync(0, "utf8"));
const ids = texts.map((one) => text.encode(one));
process.stdout.write(JSON.stringify({
  chats: chats.map((messages) => text.prompt(messages)), texts: ids, decoded: ids.map((list) => text.decode(list)),
}));
