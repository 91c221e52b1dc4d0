"""Completion in bash, zsh and fish: the scripts of the shells, their installation, and the answers to requests."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from zm_cli.errors import UsageError

if TYPE_CHECKING:
    from typer.core import TyperGroup

    from zm_cli.cli.completion.complete import Answer

Shell = Literal["bash", "zsh", "fish"]
SHELLS: tuple[Shell, ...] = get_args(Shell)

REQUEST = "_ZM_COMPLETE"
"""The environment variable that holds a request: `complete_zsh` for suggestions, `source_zsh` for the script."""
MAX_SECONDS = 3
"""After this time, a shell gets no answer: a library may loop forever on a damaged file."""
UNSAFE = re.compile(r"[^\w@%+=:,./~-]")
"""Characters that may have a special meaning in a shell, so that they are escaped."""

# Each script passes the text before and after the cursor to zm. It reads the kind of the answer, then the suggestions.
SCRIPTS: dict[Shell, str] = {
    "bash": """\
_zm_complete() {
    local line kind=
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("$line"); fi
    done < <(_ZM_COMPLETE=complete_bash "${1/#\\~\\//$HOME/}" \\
        "${COMP_LINE:0:COMP_POINT}" "${COMP_LINE:COMP_POINT}" "$2" 2>/dev/null)
    case $kind in
        files) compopt -o bashdefault -o default ;;
        list) compopt -o nospace ;;
    esac
}
complete -o nosort -F _zm_complete zm
""",
    "zsh": """\
#compdef zm
_zm() {
    local line kind= start=
    local -a values shown
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=${line%%$'\\t'*} start=${line#*$'\\t'}
        else
            values+=("${line%%$'\\t'*}")
            shown+=("${line//$'\\t'/  -- }")
        fi
    done < <(_ZM_COMPLETE=complete_zsh ${~${(Q)words[1]}} \\
        "${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" "${(j: :)words[CURRENT+1,-1]}" 2>/dev/null)
    case $kind in
        files) [[ -n $start ]] && compset -P 1 '*='; _files ;;
        list) compadd -V zm -S '' -a values ;;
        words) compadd -V zm -l -d shown -a values ;;
    esac
}
if [[ $funcstack[1] == _zm ]]; then
    _zm "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _zm zm
fi
""",
    "fish": """\
function __zm_knows
    set -l before (commandline -cp | string collect)
    set -l whole (commandline -p | string collect)
    set -l after (string sub -s (math 1 + (string length -- "$before")) -- "$whole" | string collect)
    set -l program (string match -rg '^\\s*(?:\\w+=\\S*\\s+)*(\\S+)' -- "$before")
    set program (string replace -r '^~/' "$HOME/" -- "$program")
    set -g __zm_answer (_ZM_COMPLETE=complete_fish $program "$before" "$after" 2>/dev/null)
    # Otherwise fish completes files itself.
    not string match -q 'files*' -- "$__zm_answer[1]"
end
complete -c zm -e
complete -c zm -f -k -n __zm_knows -a '(set -q __zm_answer[2] && printf "%s\\n" $__zm_answer[2..])'
""",
}


def answer(group: TyperGroup, request: str, texts: Sequence[str]) -> int:
    """Prints the answer to a request and returns the exit code; UsageError if the request is not valid."""
    what, _, name = request.partition("_")
    if name not in SHELLS or what not in ("complete", "source"):
        raise UsageError(
            f"'{request}' is not a completion request",
            where=REQUEST,
            hint="write source_bash, source_zsh or source_fish",
        )
    shell: Shell = name
    if what == "source":
        print(SCRIPTS[shell], end="")
        return 0
    from zm_cli.cli.completion.complete import complete

    _end_after(MAX_SECONDS)
    before, after, replaced = (*texts, "", "", "")[:3]
    words = _split_words(before)
    raw = words.pop() if words else ""
    # Assignments may come before the command.
    first = next((index for index, word in enumerate(words) if not re.match(r"\w+=", word)), len(words))
    found = complete(
        group,
        [_read_word(word) for word in words[first + 1 :]],
        _unquote(raw)[0],
        [_read_word(word) for word in _split_words(after)],
    )
    print("\n".join(_write(shell, found, raw, replaced)))
    return 0


def _end_after(seconds: float) -> None:
    """Ends this process silently if it takes longer, even inside a call of a library."""
    import faulthandler

    faulthandler.dump_traceback_later(seconds, exit=True, file=open(os.devnull, "w"))  # noqa: SIM115


def _write(shell: Shell, found: Answer, raw: str, replaced: str) -> list[str]:
    """Returns the lines of an answer in the form that the shell's script reads."""
    if shell != "bash":
        clean = [(value, " ".join(text.split())) for value, text in found.suggestions]
        return [f"{found.kind}\t{found.start}", *(f"{value}\t{text}" if text else value for value, text in clean)]
    # Readline replaces only the end of the word after a character such as a colon, and closes an open quote itself.
    word, quote = _unquote(raw)
    return [found.kind, *(replaced + _quote(value[len(word) :], quote) for value, _ in found.suggestions)]


def _split_words(text: str) -> list[str]:
    """Returns the words of a command line as typed, with their quotes; the last is empty after a space."""
    words, quote, escaped = [""], "", False
    for letter in text:
        if not quote and not escaped and letter.isspace():
            words.append("")
            continue
        words[-1] += letter
        quote, escaped = _step(letter, quote, escaped)
    return [word for word in words[:-1] if word] + words[-1:]


def _step(letter: str, quote: str, escaped: bool) -> tuple[str, bool]:
    """Returns the quote that is open after a letter (or ""), and whether the letter escapes the next one."""
    if escaped:
        return quote, False
    if letter == "\\" and quote != "'":
        return quote, True
    if quote:
        return "" if letter == quote else quote, False
    return letter if letter in "\"'" else "", False


def _unquote(word: str) -> tuple[str, str]:
    """Returns the value of a word that may be unfinished, and the quote that is still open (or "")."""
    value, quote, escaped = "", "", False
    for letter in word:
        before, was_escaped = quote, escaped
        quote, escaped = _step(letter, quote, escaped)
        if was_escaped:
            # Inside double quotes, a backslash is kept before most letters.
            value += letter if not before or letter in '"\\$`' else f"\\{letter}"
        elif not escaped and quote == before:
            value += letter
    return value, quote


def _read_word(word: str) -> str:
    """Returns the value of a finished word, with `~` and environment variables expanded."""
    value = _unquote(word)[0]
    if "$" in word and not word.startswith("'"):
        value = os.path.expandvars(value)
    return os.path.expanduser(value) if word.startswith("~") else value


def _quote(text: str, quote: str) -> str:
    """Returns the text as it is typed after this open quote."""
    if quote == "'":
        text = text.replace("'", "'\\''")
    elif quote:
        text = re.sub(r'(["\\$`])', r"\\\1", text)
    if quote:
        # Readline takes a quote at the end as the closing one.
        return text + quote if text.endswith(quote) else text
    return UNSAFE.sub(r"\\\g<0>", text)


def install_completion() -> str:
    """Installs completion for the shell that zm was started from; returns a sentence that says what was done."""
    shell = find_shell()
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    script, start = {
        "bash": (data / "bash-completion/completions/zm", home / ".bashrc"),
        "zsh": (data / "zsh/site-functions/_zm", Path(os.environ.get("ZDOTDIR") or home) / ".zshrc"),
        "fish": (config / "fish/completions/zm.fish", None),
    }[shell]
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(SCRIPTS[shell])
    if start is None:
        return f"completion for {shell} is in {script}; open a new shell to use it"
    line = f"source {_quote(str(script), '')}"
    existing = start.read_text(errors="surrogateescape") if start.exists() else ""
    if line not in existing.splitlines():
        with start.open("a") as file:
            file.write(f"{'' if existing.endswith(chr(10)) or not existing else chr(10)}{line}\n")
    return f"completion for {shell} is in {script}, which {start} loads; open a new shell to use it"


def find_shell() -> Shell:
    """Returns the shell that zm was started from, or the user's; UsageError if zm has no completion for it."""
    import shellingham  # type: ignore[import-untyped]

    names = [os.environ.get("SHELL", "").rsplit("/", 1)[-1]]
    with suppress(shellingham.ShellDetectionFailure):
        names.insert(0, shellingham.detect_shell()[0])
    for name in names:
        if name in SHELLS:
            return name
    raise UsageError(f"there is no completion for the shell '{names[0]}'", hint=f"start {', '.join(SHELLS)} first")


def print_completion() -> None:
    """Prints the completion script for the shell that zm was started from."""
    sys.stdout.write(SCRIPTS[find_shell()])
