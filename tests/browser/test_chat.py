"""The demo's conversation in a real browser, on one page with the model loaded. The rest: test_chat_*.py."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from scripts.static_server import StaticServer
from tests.browser.chat_page import LONG_TASK, QUESTION, REPLY_MS, Chat, one_sentence
from tests.browser.conftest import ASK_FOREIGN
from tests.browser.test_accessibility import AXE, none_in_any_look

# One reply with the words of the test in place of the model's, which nobody can make a model write. All else is real.
PUT_WORDS = """(text) => {
  const post = self.postMessage;
  let said = false;
  self.postMessage = (message) => {
    if (message.type === "done") self.postMessage = post;
    if (message.type !== "token") return post.call(self, message);
    if (!said) post.call(self, { ...message, text });
    said = true;
  };
}"""
HOSTILE = """# A heading

<img src="https://evil.example/a.png" onerror="document.title = 'taken over'"> <script>document.title = 'taken'</script>

![a picture](https://evil.example/b.png) and [a link](javascript:document.title='taken') and [data](data:text/html,x)

- **bold**
- *italic* and `code <b>`
  1. nested

> quoted <a href="https://evil.example/">a</a>

```html
<iframe src="https://evil.example/"></iframe>
```

2 * 3 * 4 and snake_case_name stay; \\*so does this\\*.
"""


@pytest.fixture(scope="module")
def loaded(browser: Browser, site: StaticServer) -> Iterator[Chat]:
    """One page with the model loaded on WASM; each test clears the conversation first."""
    chat = Chat(browser, site, permissions=["clipboard-read", "clipboard-write"])
    chat.load()
    yield chat
    chat.close()


@pytest.fixture
def chat(loaded: Chat) -> Chat:
    if loaded.button("clear").is_enabled():
        loaded.button("clear").click()
        loaded.wait("ready")
    loaded.prompt.fill("")
    return loaded


def test_the_page_says_what_it_is_before_anything_runs(browser: Browser, site: StaticServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}en/demo/")
    text = page.locator("on-device-chat").inner_text()

    assert page.get_attribute("on-device-chat", "data-state") == "static"
    assert re.search(r"Load the model \(\d+(\.\d+)? MB\)", text)
    assert "English only" in text
    assert "Apache-2.0" in text
    assert "needs JavaScript" in text
    assert page.locator("on-device-chat :is(button, textarea, input):enabled").count() == 0
    context.close()


def test_it_answers_on_webassembly_and_measures_itself(chat: Chat) -> None:
    assert "Paris" in chat.ask(QUESTION)

    assert chat.page.get_attribute("output[name=backend]", "data-value") == "wasm"
    for name in ("bytes_downloaded", "load_ms", "ttft_ms", "decode_tokens_per_second", "threads"):
        assert (chat.figure(name) or 0) > 0, name
    assert chat.figure("requests_since_ready") == 0
    used, total = re.findall(r"[\d,]+", chat.page.inner_text("output[name=context]"))
    assert 0 < int(used) < int(total.replace(",", ""))


def test_a_request_made_after_ready_is_counted(chat: Chat) -> None:
    """Seen to count at all, from the page and from the worker; the count stays for the tests below."""
    shown = "n => Number(document.querySelector('output[name=requests_since_ready]').dataset.value) === n"
    chat.page.evaluate("() => fetch(location.href).then(() => null)")
    chat.page.wait_for_function(shown, arg=1)
    chat.page.workers[-1].evaluate("address => fetch(address).then(() => null)", chat.page.url)
    chat.page.wait_for_function(shown, arg=2)


def test_the_button_names_what_is_downloaded(browser: Browser, site: StaticServer, loaded: Chat) -> None:
    fresh = Chat(browser, site)
    expect(fresh.button("load")).to_have_text(re.compile(r"Load the model \((\d+(?:\.\d+)?) MB\)"))
    named = re.search(r"(\d+(?:\.\d+)?) MB", fresh.button("load").inner_text())
    assert named and loaded.figure("bytes_downloaded") == pytest.approx(float(named[1]) * 1e6, rel=0.001)
    fresh.close()


def test_an_unpredicted_speed_is_unknown_and_not_zero(chat: Chat) -> None:
    assert chat.figure("predicted_tokens_per_second") is None
    assert chat.page.inner_text("output[name=predicted_tokens_per_second]") == "not predicted"


def test_the_reply_streams_and_stops_on_request(chat: Chat) -> None:
    chat.start(LONG_TASK)
    early = chat.reply.inner_text()
    chat.page.wait_for_function(
        "shown => document.querySelector('output[name=reply]').textContent.length > shown", arg=len(early)
    )
    assert (chat.figure("decode_tokens_per_second") or 0) > 0  # while it writes
    chat.button("stop").click()
    chat.wait("ready", REPLY_MS)

    stopped = chat.reply.inner_text()
    assert stopped.startswith(early.rstrip())
    assert "Stopped" in chat.status.inner_text()
    chat.page.wait_for_timeout(500)
    assert chat.reply.inner_text() == stopped


def test_stopped_before_the_first_word_the_question_stays_to_be_asked_again(chat: Chat) -> None:
    question = (
        f"{'Think of a city. ' * 60}{QUESTION}"  # read in several parts, so the press comes before the first word
    )
    chat.press_when("stop", "Reading")
    chat.prompt.fill(question)
    chat.button("send").click()
    chat.wait("ready", REPLY_MS)
    assert chat.turns.first.inner_text() == question
    assert not chat.reply.is_visible()
    chat.button("retry").click()
    chat.wait("ready", REPLY_MS)
    assert chat.reply.inner_text()


def test_a_second_question_keeps_the_context(chat: Chat) -> None:
    chat.ask(QUESTION)
    second = chat.ask("What is it famous for?")

    assert re.search("Paris|Eiffel|Louvre", second)
    turns = chat.turns.all_inner_texts()
    assert turns[0] == QUESTION
    assert "Paris" in turns[1]
    assert turns[2] == "What is it famous for?"


def test_the_context_kept_between_turns_changes_no_word(chat: Chat) -> None:
    """A second reply reuses the first one's keys and values; it must say what a fresh reading says."""
    first, second = QUESTION, "What is it famous for?"
    answer, reused = chat.ask(first), chat.ask(second)
    chat.button("clear").click()
    chat.ask("Hello.")  # now the worker remembers another conversation
    fresh = chat.page.workers[-1].evaluate(
        """(messages) => new Promise((resolve) => {
          const post = self.postMessage;
          self.postMessage = (message) => {
            if (message.type !== "done") return;
            self.postMessage = post;
            resolve(message.text);
          };
          const data = { type: "generate", id: -1, messages, maxNewTokens: 256, temperature: 0, seed: 0 };
          self.dispatchEvent(new MessageEvent("message", { data }));
        })""",
        [
            {"role": "user", "content": first},
            {"role": "assistant", "content": answer},
            {"role": "user", "content": second},
        ],
    )

    assert reused == fresh


def test_clear_forgets_the_conversation_even_in_the_middle_of_a_reply(chat: Chat) -> None:
    chat.start(LONG_TASK)
    chat.button("clear").click()
    chat.wait("ready", REPLY_MS)

    expect(chat.reply).to_be_empty()
    assert chat.turns.count() == 0
    assert "Paris" in chat.ask(QUESTION)


def test_enter_sends_but_not_with_shift_and_not_while_composing(chat: Chat) -> None:
    chat.prompt.fill("first line")
    chat.prompt.press("Shift+Enter")
    chat.prompt.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})

    assert chat.element.get_attribute("data-state") == "ready"
    assert chat.prompt.input_value() == "first line\n"


def test_a_reply_and_the_whole_conversation_can_be_copied(chat: Chat) -> None:
    reply = chat.ask(QUESTION)
    chat.page.click("[data-reply] [data-copy]")
    expect(chat.page.locator("[data-reply] [data-copy]")).to_have_text("Copied")
    assert chat.page.evaluate("navigator.clipboard.readText()") == reply
    chat.ask("Thanks.")
    chat.page.click("[data-conversation] [data-copy]")
    chat.until("reply => navigator.clipboard.readText().then(text => text === reply)", reply)
    chat.button("copy_all").click()
    expect(chat.button("copy_all")).to_have_text("Copied")
    copied = chat.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"You: {QUESTION}\n\nModel: {reply}\n\nYou: Thanks.\n\nModel: ")


def test_the_seed_decides_above_temperature_zero_and_a_bad_one_is_refused(chat: Chat) -> None:
    chat.page.evaluate("document.querySelector('.chat-settings').open = true")
    temperature, seed = (chat.page.locator(f"input[name={name}]") for name in ("temperature", "seed"))
    expect(seed).to_be_disabled()  # greedy by itself

    def reply(number: str) -> str:
        seed.fill(number)
        chat.button("clear").click()
        return chat.ask("Tell me one short fact about the sea.")

    try:
        temperature.fill("1")
        chat.ask("Hello.")
        one, same, other = reply("1"), reply("1"), reply("2")
        assert one == same != other
        seed.fill("-1")
        expect(chat.page.locator("[data-bad=seed]")).to_have_text(
            "The seed must be a whole number from 0 to 4294967295; 2 is used until then."
        )
        seed.fill("0")
        expect(chat.page.locator("[data-bad=seed]")).to_be_hidden()
    finally:
        temperature.fill("0")
        chat.page.evaluate("document.querySelector('.chat-settings').open = false")


def test_markdown_of_a_reply_is_shown_and_hostile_markdown_is_text(chat: Chat) -> None:
    asked, title = len(chat.requested), chat.page.title()
    chat.page.workers[-1].evaluate(PUT_WORDS, HOSTILE + "*" * 3000 + "> " * 300 + "[" * 3000)
    text = chat.ask(QUESTION)

    assert chat.reply.locator("a, img, script, iframe, h1, b, [onerror], [src], [href]").count() == 0
    assert (chat.page.title(), chat.requested[asked:]) == (title, [])
    assert chat.reply.locator(".chat-heading").inner_text() == "A heading"
    assert chat.reply.locator("li strong").inner_text() == "bold"
    assert chat.reply.locator("li em").inner_text() == "italic"
    assert chat.reply.locator("li code").inner_text() == "code <b>"
    assert chat.reply.locator("li ol > li").inner_text() == "nested"
    assert '<iframe src="https://evil.example/"></iframe>' in chat.reply.locator("pre").inner_text()
    assert chat.reply.locator("em").count() == 1
    for shown in (
        "a picture (https://evil.example/b.png)",
        "<script>document.title = 'taken'</script>",
        'quoted <a href="https://evil.example/">a</a>',
        "2 * 3 * 4 and snake_case_name stay; *so does this*.",
    ):
        assert shown in text
    chat.ask("Thanks.")  # the reply moves into the list
    assert chat.turns.nth(1).locator("a, img, script, iframe").count() == 0
    assert chat.turns.nth(1).locator("li strong").inner_text() == "bold"


def test_a_prompt_of_4000_tokens_is_refused_and_handed_back_before_what_was_typed_since(chat: Chat) -> None:
    long = "word " * 4000
    chat.prompt.fill(long)
    chat.prompt.evaluate("field => { field.form.requestSubmit(); field.value = 'typed meanwhile'; }")
    chat.wait("ready", REPLY_MS)
    error = one_sentence(chat.error.inner_text())

    refused = re.search(r"Your message has ([\d,]+) tokens, more than the ([\d,]+) the model can read", error)
    assert refused and int(refused[1].replace(",", "")) >= 4000
    assert chat.prompt.input_value() == f"{long.strip()}\ntyped meanwhile"
    assert chat.turns.count() == 0
    assert "Paris" in chat.ask(QUESTION)
    assert chat.error.is_hidden()


def test_a_conversation_longer_than_the_models_memory_loses_its_oldest_part(chat: Chat) -> None:
    """With most of the context reserved for the reply, the third short question no longer fits behind the others."""
    total = re.findall(r"[\d,]+", chat.page.inner_text("output[name=context]"))[-1]
    limit = str(int(total.replace(",", "")) - 73)
    chat.element.evaluate("(chat, limit) => chat.setAttribute('max-new-tokens', limit)", limit)
    try:
        for question in (QUESTION, "What is the capital of Italy?", "What is the capital of Spain?"):
            chat.ask(question)
        assert "oldest exchanges were left out" in chat.notices.inner_text()
        assert "Madrid" in chat.reply.inner_text()
    finally:
        chat.element.evaluate("chat => chat.removeAttribute('max-new-tokens')")


def test_it_works_without_the_server_and_asks_nobody(chat: Chat, site: StaticServer) -> None:
    before, counted = len(chat.requested), chat.figure("requests_since_ready")
    site.stop()
    try:
        assert "Paris" in chat.ask(QUESTION)
    finally:
        site.start()

    assert chat.requested[before:] == []
    assert chat.figure("requests_since_ready") == counted
    assert [url for url in chat.requested if chat.is_foreign(url)] == []


def test_the_policy_refuses_a_foreign_host_from_inside_the_worker(chat: Chat) -> None:
    assert chat.page.workers[-1].evaluate(ASK_FOREIGN) == "connect-src"


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_axe_finds_nothing_while_everything_is_open(chat: Chat, lang: str) -> None:
    if lang == "ja":  # by the site's own link, so that the tab keeps the model
        chat.page.locator("a[hreflang=ja]").first.evaluate("link => link.click()")
        chat.page.wait_for_url("**/ja/demo/**")
    chat.page.evaluate(AXE.read_text(encoding="utf-8"))
    if chat.element.get_attribute("data-state") == "ready":
        chat.ask(QUESTION)
    chat.page.evaluate("document.querySelector('.chat-settings').open = true")
    none_in_any_look(chat.page, lang)
    chat.page.set_viewport_size({"width": 1280, "height": 720})
    chat.page.evaluate("document.querySelector('.chat-settings').open = false")


def test_model_and_conversation_survive_a_walk_through_the_site(loaded: Chat) -> None:
    """Instant navigation swaps the page's content; the tab keeps its one worker."""
    chat = loaded
    if chat.page.url != chat.address:
        chat.page.goto(chat.address)
        chat.load()
    if chat.button("clear").is_enabled():
        chat.button("clear").click()
    assert "Paris" in chat.ask(QUESTION)
    workers, requested = list(chat.page.workers), list(chat.requested)
    chat.page.locator("a[href$='calculators/fit/']").last.click()
    chat.page.wait_for_url("**/calculators/fit/")
    chat.page.wait_for_selector("on-device-chat", state="detached")
    chat.page.go_back()
    chat.wait("ready")

    assert chat.turns.all_inner_texts() == [QUESTION]
    assert "Paris" in chat.reply.inner_text()
    assert [worker for worker in workers if worker in chat.page.workers] == workers
    assert "Paris" in chat.ask(QUESTION)
    assert [url for url in chat.requested[len(requested) :] if "models/" in url] == []
