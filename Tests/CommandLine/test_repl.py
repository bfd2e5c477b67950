"""`hexa repl` as somebody at a terminal meets it: history, editing, several lines, errors."""

import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

HEXA = Path(__file__).resolve().parents[2] / "build" / "hexa"

UP, DOWN, LEFT, HOME = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[H"
CTRL_C, CTRL_D, BACKSPACE = "\x03", "\x04", "\x7f"
SECONDS_MAX = 10


class Terminal:
    """The far end of a session's terminal."""

    def __init__(self, history):
        self.main, side = pty.openpty()
        self.process = subprocess.Popen([HEXA, "repl"], stdin=side, stdout=side, stderr=side, start_new_session=True,
                                        env={**os.environ, "HEXA_HISTORY": str(history)})
        os.close(side)
        self.screen = ""
        self.expect("hexa> ")

    def expect(self, text):
        """Reads until `text` has appeared since the last call; answers what came before and with it."""
        deadline = time.monotonic() + SECONDS_MAX
        while text not in self.screen:
            assert select.select([self.main], [], [], max(deadline - time.monotonic(), 0))[0], self.screen
            self.screen += os.read(self.main, 4096).decode()
        position = self.screen.index(text) + len(text)
        seen, self.screen = self.screen[:position], self.screen[position:]
        return seen

    def type(self, keys):
        os.write(self.main, keys.encode())

    def answer(self, keys):
        """Types a line; answers what the session prints for it, without the echo."""
        self.type(keys + "\n")
        self.expect("\r\n")
        printed = self.expect("hexa> ").removesuffix("hexa> ")
        return re.sub(r"\x1b\[\d*[KD]|\r", "", printed).strip()

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.main)


@pytest.fixture
def history(tmp_path):
    return tmp_path / "history"


@pytest.fixture
def terminal(history):
    opened = Terminal(history)
    yield opened
    opened.close()


def test_values_are_shown_and_variables_stay(terminal):
    assert terminal.answer("let mut n = 20 * 2") == ""
    assert terminal.answer("n += 2; n") == "42"


def test_an_error_has_a_caret_and_leaves_the_session(terminal):
    terminal.answer("let width = 3")
    answer = terminal.answer("widht")
    assert "^^^^^" in answer and "did you mean width?" in answer
    assert terminal.answer("width") == "3"


def test_an_input_goes_on_while_a_bracket_is_open(terminal):
    terminal.type("fn double(n) {\n")
    terminal.expect("  ... ")
    assert terminal.answer("n * 2 }") == ""
    assert terminal.answer("double(21)") == "42"


def test_arrows_call_lines_back(terminal):
    terminal.answer("1 + 1")
    terminal.answer("2 + 2")
    assert terminal.answer(UP + UP) == "2"
    assert terminal.answer(UP + UP + UP + DOWN + BACKSPACE + "5") == "7"


def test_a_line_is_edited_where_the_cursor_is(terminal):
    assert terminal.answer("13" + LEFT + "2") == "123"
    assert terminal.answer("23" + HOME + "1" + CTRL_D) == "13"
    assert terminal.answer('"é"' + LEFT + LEFT + BACKSPACE + '"x') == "xé"


def test_the_history_outlives_the_session(terminal, history):
    terminal.answer("fn f() {\n  7 }")
    terminal.type(CTRL_D)
    assert terminal.process.wait(SECONDS_MAX) == 0
    assert history.read_text() == "fn f() {\n  7 }\n"
    later = Terminal(history)
    assert later.answer("fn f() { 8 }") == ""
    assert later.answer(UP + LEFT + BACKSPACE + BACKSPACE + "9 ") == ""
    assert later.answer("f()") == "9"
    later.close()


def test_ctrl_c_drops_what_was_typed(terminal):
    terminal.type("fn never(\n")
    terminal.expect("  ... ")
    terminal.type("half" + CTRL_C)
    terminal.expect("hexa> ")
    assert terminal.answer("3") == "3"
