# SPDX-License-Identifier: MIT
"""Where a source file could be wrong in a small way, read from its syntax tree by libclang.

sites_of() returns a file's sites. A site is a range of the text, and the changes that are possible there. A change keeps
the program well-formed as far as the tree tells; the few that do not compile are dropped when the build finds them.
"""
import dataclasses
import re

import clang.cindex
from clang.cindex import CursorKind as Kind
from clang.cindex import TypeKind

RELATIONAL = {"<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"], "==": ["!="], "!=": ["=="]}
ARITHMETIC = {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "&": ["|"], "|": ["&"], "^": ["|"], "<<": [">>"],
              ">>": ["<<"]}
COMPOUND = {"+=": ["-="], "-=": ["+="], "*=": ["/="], "/=": ["*="], "&=": ["|="], "|=": ["&="], "<<=": [">>="], ">>=": ["<<="]}
NUMBER = re.compile(r"(0[xX][0-9a-fA-F']+|[0-9][0-9']*)([a-zA-Z_]*)")
FRACTION = re.compile(r"[0-9']*\.[0-9']*(?:[eE][-+]?[0-9]+)?[fF]?|[0-9']+[eE][-+]?[0-9]+[fF]?")
# What is evaluated by the compiler: no environment variable can change it.
CONSTANT = re.compile(r"\b(static_assert|noexcept|alignas|alignof|decltype|sizeof|sizeof\.\.\.|requires|if constexpr|explicit)\s*\(")
REQUIRES = re.compile(r"\brequires\b\s*")
# Calls that only make things faster: nothing that a test may look at depends on them.
HINT = re.compile(r"(?:\w+::)*(?:pause|prefetch\w*|yield_cpu|sched_yield)\s*\(|\w+\.reserve\(")
FUNCTIONS = {Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.DESTRUCTOR, Kind.FUNCTION_TEMPLATE,
             Kind.CONVERSION_FUNCTION, Kind.LAMBDA_EXPR}
LOOPS = {Kind.FOR_STMT, Kind.WHILE_STMT, Kind.DO_STMT, Kind.CXX_FOR_RANGE_STMT}
NUMBERS = {TypeKind.BOOL, TypeKind.CHAR_U, TypeKind.UCHAR, TypeKind.USHORT, TypeKind.UINT, TypeKind.ULONG, TypeKind.ULONGLONG,
           TypeKind.CHAR_S, TypeKind.SCHAR, TypeKind.SHORT, TypeKind.INT, TypeKind.LONG, TypeKind.LONGLONG, TypeKind.FLOAT,
           TypeKind.DOUBLE, TypeKind.ENUM}


@dataclasses.dataclass
class Change:
    """One mutant: the text that stands for the site's while it is chosen."""
    kind: str
    what: str
    file: str = ""
    line: int = 0
    code: str = ""
    occurrence: int = 0
    number: int = 0

    def key(self):
        """The same mutant in another build: lines may have moved."""
        return f"{self.file}: {self.kind}: {self.what} | {self.code} #{self.occurrence}"


@dataclasses.dataclass
class Site:
    begin: int
    end: int
    form: str  # how schemata.py writes it: expression, condition, loop, statement, break, guard
    changes: list  # of (Change, text)


def without_comments(text):
    """The text with comments blanked, so that positions stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group()) if match.group().startswith("/") else match.group()
    return re.sub(r"""R"(\w*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'""", blank, text, flags=re.S)


def matching(text, at):
    """Behind the bracket that closes the one at `at`."""
    closing = {"(": ")", "{": "}"}[text[at]]
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == text[at]) - (text[i] == closing)
        if depth == 0:
            return i + 1
    return len(text)


def constant_ranges(code):
    found = [(m.start(), matching(code, m.end() - 1)) for m in CONSTANT.finditer(code)]
    for match in REQUIRES.finditer(code):  # to the body, or over the braces of a requires-expression
        rest = re.compile(r"[{;]").search(code, match.end())
        if rest:
            is_expression = re.match(r"[({]", code[match.end():])
            found.append((match.start(), matching(code, rest.start()) if is_expression and rest.group() == "{"
                          and code[match.end():rest.start()].count("(") == code[match.end():rest.start()].count(")")
                          and code[match.end()] == "{" else rest.start()))
    return found


class Reader:
    def __init__(self, path, name, text):
        self.path, self.name = str(path), name
        self.code = without_comments(text.encode().decode("latin-1"))  # one character a byte, as libclang counts
        self.constant = constant_ranges(self.code)
        self.sites = {}
        self.referenced = set()
        self.guards = []

    # ---- positions ----

    def own(self, cursor):
        file = cursor.location.file
        return file is not None and file.name == self.path

    def range(self, cursor):
        return cursor.extent.start.offset, cursor.extent.end.offset

    def of(self, cursor):
        begin, end = self.range(cursor)
        return self.code[begin:end]

    def is_constant(self, begin, end):
        return any(b <= begin and end <= e for b, e in self.constant)

    def add(self, begin, end, form, kind, changes):
        """changes: (what, text) of each."""
        if begin >= end or self.is_constant(begin, end):
            return
        site = self.sites.setdefault((begin, end, form), Site(begin, end, form, []))
        for what, text in changes:
            if all(old.what != what or old.kind != kind for old, _ in site.changes):
                site.changes.append((Change(kind, what), text))

    # ---- the walk ----

    def walk(self, cursor, parent, in_function):
        kind = cursor.kind
        if kind in (Kind.STATIC_ASSERT, Kind.ENUM_DECL, Kind.CONCEPT_DECL if hasattr(Kind, "CONCEPT_DECL") else None):
            return
        if kind in (Kind.VAR_DECL, Kind.FIELD_DECL) and re.match(
                r"(?:\w+\s+)*constexpr\b", self.code[cursor.extent.start.offset:cursor.location.offset]):
            return
        in_function = in_function or kind in FUNCTIONS
        if in_function or kind == Kind.FIELD_DECL:
            self.visit(cursor, parent)
        for number, child in enumerate(cursor.get_children()):
            if kind == Kind.CASE_STMT and number == 0:
                continue
            if kind in (Kind.VAR_DECL, Kind.FIELD_DECL, Kind.PARM_DECL) and child.kind.is_expression():
                begin = child.extent.start.offset
                if begin < cursor.location.offset:  # a part of the type
                    continue
                if self.code[:begin].rstrip().endswith("["):  # the bound of an array
                    continue
            if kind in (Kind.DECL_REF_EXPR, Kind.MEMBER_REF_EXPR) and not self.is_object_of(cursor, child):
                continue  # template arguments
            self.walk(child, cursor, in_function)

    def is_object_of(self, cursor, child):
        return cursor.kind == Kind.MEMBER_REF_EXPR and child.extent.start.offset == cursor.extent.start.offset

    def visit(self, cursor, parent):
        kind = cursor.kind
        if kind == Kind.DECL_REF_EXPR and cursor.referenced is not None:
            self.referenced.add(cursor.referenced.hash)
        if kind in (Kind.BINARY_OPERATOR, Kind.CALL_EXPR):
            self.operator(cursor)
        if kind == Kind.COMPOUND_ASSIGNMENT_OPERATOR:
            self.operator(cursor)
        if kind == Kind.CALL_EXPR:
            self.call(cursor)
        elif kind == Kind.UNARY_OPERATOR:
            self.unary(cursor)
        elif kind == Kind.INTEGER_LITERAL or kind == Kind.FLOATING_LITERAL:
            self.literal(cursor)
        elif kind == Kind.CXX_BOOL_LITERAL_EXPR:
            begin, end = self.range(cursor)
            other = {"true": "false", "false": "true"}.get(self.of(cursor))
            if other:
                self.add(begin, end, "expression", "constant", [(f"{self.of(cursor)} -> {other}", other)])
        elif kind == Kind.DECL_REF_EXPR:
            self.named_constant(cursor)
        elif kind == Kind.IF_STMT:
            self.condition(cursor)
        elif kind == Kind.CONDITIONAL_OPERATOR:
            parts = list(cursor.get_children())
            self.negate(*self.range(parts[0]))
        elif kind == Kind.RETURN_STMT:
            self.returned(cursor)
        elif kind == Kind.INIT_LIST_EXPR:
            self.list(cursor)
        elif kind == Kind.DECL_STMT:
            self.declaration(cursor)
        if kind in LOOPS:
            self.loop(cursor)
        if kind.is_expression() and parent is not None:
            self.statement(cursor, parent)
        if kind in (Kind.CONTINUE_STMT, Kind.BREAK_STMT) or (kind == Kind.RETURN_STMT and self.of(cursor) == "return"):
            begin, end = self.range(cursor)
            if kind != Kind.BREAK_STMT:
                self.remove(begin, end, "jump", self.of(cursor))

    # ---- expressions ----

    def between(self, left, right):
        return self.code[left.extent.end.offset:right.extent.start.offset].strip()

    def operator(self, cursor):
        parts = [c for c in cursor.get_children() if c.kind.is_expression()]
        if cursor.kind == Kind.CALL_EXPR:
            if not cursor.spelling.startswith("operator") or len(parts) != 3:
                return
            parts = sorted(parts, key=lambda c: c.extent.start.offset)
            parts = [parts[0], parts[2]]
        if len(parts) != 2:
            return
        left, right = parts
        op = self.between(left, right)
        begin, end = self.range(cursor)
        if left.extent.start.offset != begin or right.extent.end.offset != end:
            return
        a, b = self.of(left), self.of(right)
        if op in RELATIONAL:
            self.add(begin, end, "expression", "relational", [(f"{op} -> {new}", f"({a}) {new} ({b})") for new in RELATIONAL[op]])
        elif op in ("+", "+=") and any(re.search(r"basic_string|\bchar\b", c.type.get_canonical().spelling) for c in parts):
            return  # joins texts
        elif op in ARITHMETIC and not (op in ("<<", ">>") and cursor.kind == Kind.CALL_EXPR):
            self.add(begin, end, "expression", "arithmetic", [(f"{op} -> {new}", f"({a}) {new} ({b})") for new in ARITHMETIC[op]])
        elif op in COMPOUND:
            self.add(begin, end, "expression", "arithmetic", [(f"{op} -> {new}", f"{a} {new} {b}") for new in COMPOUND[op]])
        elif op in ("&&", "||"):
            self.add(begin, end, "expression", "condition",
                     [(f"left of {op} alone", f"static_cast<bool>({a})"), (f"right of {op} alone", f"static_cast<bool>({b})")])

    def unary(self, cursor):
        begin, end = self.range(cursor)
        text = self.of(cursor)
        inner = next(cursor.get_children(), None)
        if inner is None:
            return
        if text.startswith("++") or text.startswith("--"):
            new = {"++": "--", "--": "++"}[text[:2]]
            self.add(begin, end, "expression", "arithmetic", [(f"{text[:2]} -> {new}", new + text[2:])])
        elif text.endswith("++") or text.endswith("--"):
            new = {"++": "--", "--": "++"}[text[-2:]]
            self.add(begin, end, "expression", "arithmetic", [(f"{text[-2:]} -> {new}", text[:-2] + new)])
        elif text.startswith("!"):
            self.add(begin, end, "expression", "condition", [("without !", f"static_cast<bool>({text[1:]})")])
        elif text.startswith("~") or text.startswith("-"):
            self.add(begin, end, "expression", "arithmetic", [(f"without {text[0]}", f"({text[1:]})")])

    def literal(self, cursor):
        begin, end = self.range(cursor)
        text = self.of(cursor)
        before, behind = self.code[:begin].rstrip()[-1:], self.code[end:].lstrip()[:1]
        if behind == ">" or (before == "<" and behind == ","):  # an argument of a template
            return
        whole = NUMBER.fullmatch(text)
        if whole:
            value = int(whole.group(1).replace("'", ""), 0) if not re.fullmatch(r"0[0-7']+", whole.group(1)) else None
            if value is None:
                return
            self.add(begin, end, "expression", "constant", [(f"{text} -> {value + 1}", f"{value + 1}{whole.group(2)}")])
        elif FRACTION.fullmatch(text):
            self.add(begin, end, "expression", "constant", [(f"{text} -> {text} + 1", f"({text} + 1)")])

    def named_constant(self, cursor):
        """A named constant, off by one; another status."""
        target = cursor.referenced
        if target is None:
            return
        begin, end = self.range(cursor)
        text = self.of(cursor)
        if target.kind == Kind.ENUM_CONSTANT_DECL and "::" in text and "/weir/" in str(target.location.file):
            names = [c.spelling for c in target.semantic_parent.get_children() if c.kind == Kind.ENUM_CONSTANT_DECL]
            other = names[(names.index(target.spelling) + 1) % len(names)]
            self.add(begin, end, "expression", "status", [(f"{target.spelling} -> {other}", re.sub(r"\w+$", other, text))])
        elif (target.kind == Kind.VAR_DECL and target.type.is_const_qualified()
              and target.type.get_canonical().kind in NUMBERS - {TypeKind.ENUM, TypeKind.BOOL}
              and target.semantic_parent.kind not in FUNCTIONS):
            self.add(begin, end, "expression", "constant", [(f"{text} -> {text} + 1", f"({text} + 1)")])

    def negate(self, begin, end):
        if self.code[begin] != "!" or self.code[begin + 1] == "(":  # else it is the change "without !"
            self.add(begin, end, "condition", "condition", [("negated", None)])

    def condition(self, cursor):
        parts = list(cursor.get_children())
        begin = cursor.extent.start.offset
        if re.match(r"if\s+(constexpr|consteval)\b", self.code[begin:]):
            return
        tests = [c for c in parts if c.kind.is_expression()]
        has_variable = any(c.kind in (Kind.VAR_DECL, Kind.DECL_STMT) for c in parts)
        opening = self.code.find("(", begin)
        if tests and not has_variable and self.code[opening + 1:tests[0].extent.start.offset].strip() == "":
            self.negate(*self.range(tests[0]))

    def returned(self, cursor):
        value = next(cursor.get_children(), None)
        if value is None:
            return
        if value.type.get_canonical().kind == TypeKind.BOOL and value.kind != Kind.CXX_BOOL_LITERAL_EXPR:
            self.negate(*self.range(value))

    @staticmethod
    def plain(cursor):
        while cursor.kind == Kind.UNEXPOSED_EXPR:
            inner = list(cursor.get_children())
            if len(inner) != 1:
                break
            cursor = inner[0]
        return cursor

    def same_type(self, a, b):
        a, b = self.plain(a), self.plain(b)
        one, two = (re.sub(r"\bconst\b|[ &]", "", c.type.get_canonical().spelling) for c in (a, b))
        return one == two and one not in ("", "<dependenttype>", "<overloadedfunctiontype>") and "lambda" not in one

    def call(self, cursor):
        begin, end = self.range(cursor)
        text = self.of(cursor)
        arguments = [c for c in cursor.get_arguments() if c is not None]
        callee = self.code[begin:arguments[0].extent.start.offset] if arguments else ""
        if not re.search(r"[\w>]\s*\(\s*$", callee) or not text.endswith(")"):
            return
        for new, old in (("max", "min"), ("min", "max")):
            if re.match(rf"std::{old}\b", text):
                self.add(begin, end, "expression", "call", [(f"{old} -> {new}", f"std::{new}" + text[len("std::min"):])])
        for left, right in zip(arguments, arguments[1:]):
            if re.match(r"std::(min|max)\b|std::swap\b", text) or self.between(left, right) != ",":
                continue
            if self.same_type(left, right) and self.of(left) != self.of(right):
                swapped = (self.code[begin:left.extent.start.offset] + self.of(right) +
                           self.code[left.extent.end.offset:right.extent.start.offset] + self.of(left) +
                           self.code[right.extent.end.offset:end])
                self.add(begin, end, "expression", "swap", [(f"({self.of(left)}, {self.of(right)}) swapped", swapped)])

    def list(self, cursor):
        """Two neighbours of a braced list, swapped: both get the same number, so that they change together."""
        items = [c for c in cursor.get_children() if c.kind.is_expression()]
        for left, right in zip(items, items[1:]):
            if self.between(left, right) != "," or self.of(left) == self.of(right):
                continue
            if self.plain(left).type.get_canonical().kind in NUMBERS and self.same_type(left, right):
                change = Change("swap", f"{{{self.of(left)}, {self.of(right)}}} swapped")
                for one, other in ((left, right), (right, left)):
                    begin, end = self.range(one)
                    if not self.is_constant(begin, end):
                        self.sites.setdefault((begin, end, "expression"), Site(begin, end, "expression", [])).changes.append(
                            (change, self.of(other)))

    # ---- statements ----

    def remove(self, begin, end, kind, what):
        rest = self.code[end:]
        if rest.lstrip()[:1] != ";":
            return
        end += len(rest) - len(rest.lstrip()) + 1
        what = " ".join(what.split())
        self.add(begin, end, "statement", kind, [(f"without {what[:60]}", None)])

    def statement(self, cursor, parent):
        if parent.kind not in {Kind.COMPOUND_STMT, Kind.IF_STMT, Kind.CASE_STMT, Kind.DEFAULT_STMT} | LOOPS:
            return
        begin, end = self.range(cursor)
        before = self.code[:begin].rstrip()
        if not (before[-1:] in "{};:" or before.endswith(("else", "do", "]]")) or before[-1:] == ")"):
            return
        if parent.kind in LOOPS | {Kind.IF_STMT} and self.code[end:].lstrip()[:1] != ";":
            return  # the condition
        if parent.kind == Kind.FOR_STMT and before[-1:] != ")":
            return  # for (; condition;)
        text = self.of(cursor)
        if re.match(r"co_\w+|throw\b", text) or HINT.match(text):
            return
        shown = re.sub(r"^\(void\)\s*", "", text)
        if re.match(r"[\w.\->\[\]]*_(\[[^]]*\])?\s*([-+*/&|]?=[^=]|\+\+|--)", shown) or re.match(r"(\+\+|--)", shown):
            kind = "update"
        elif cursor.kind == Kind.BINARY_OPERATOR or cursor.kind == Kind.COMPOUND_ASSIGNMENT_OPERATOR:
            kind = "statement"
        else:
            kind = "call"
        self.remove(begin, end, kind, shown)

    def loop(self, cursor):
        parts = list(cursor.get_children())
        body = parts[-1] if cursor.kind != Kind.DO_STMT else parts[0]
        if body.kind == Kind.COMPOUND_STMT:
            end = body.extent.end.offset - 1
            if self.code[end] == "}":
                self.add(end, end + 1, "break", "loop", [("left after one round", None)])
        if cursor.kind == Kind.WHILE_STMT and parts[0].kind.is_expression():
            begin, end = self.range(parts[0])
            self.add(begin, end, "loop", "loop", [("not entered", None)])

    def declaration(self, cursor):
        variables = list(cursor.get_children())
        if len(variables) == 1 and variables[0].kind == Kind.VAR_DECL:
            self.guards.append((cursor, variables[0]))

    def drop_guards(self):
        """Variables of a class that nothing names again: what they are for is their destructor."""
        for cursor, variable in self.guards:
            if variable.hash in self.referenced or variable.type.get_canonical().kind != TypeKind.RECORD:
                continue
            begin, end = self.range(cursor)
            whole = re.fullmatch(r"(?:const\s+)?([\w:<>, ]+?)\s+" + re.escape(variable.spelling) + r"\s*([({].*[)}]);",
                                 self.code[begin:end], re.S)
            if whole:
                self.add(begin, end, "guard", "guard", [(f"without {variable.spelling}", f"{whole.group(1)}{whole.group(2)}")])


def without_doubles(sites):
    """== as != is the condition negated, where it is the whole condition."""
    for (begin, end, form), site in list(sites.items()):
        if form == "expression" and (begin, end, "condition") in sites:
            site.changes = [(c, text) for c, text in site.changes if c.what not in ("== -> !=", "!= -> ==")]
    return [site for site in sites.values() if site.changes]


def nested(sites):
    """Without those that overlap another one in part; outer ones first."""
    kept, open_until = [], []
    for site in sorted(sites, key=lambda s: (s.begin, -s.end, s.form != "statement", s.form)):
        while open_until and open_until[-1] <= site.begin:
            open_until.pop()
        if open_until and site.end > open_until[-1]:
            continue
        open_until.append(site.end)
        kept.append(site)
    return kept


def sites_of(path, name, arguments):
    """The text without comments, one character a byte, and its sites, as compiled with `arguments`."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    unit = clang.cindex.Index.create().parse(str(path), args=["-x", "c++", *arguments], options=0)
    wrong = [d for d in unit.diagnostics if d.severity >= clang.cindex.Diagnostic.Error]
    if wrong:
        raise SystemExit(f"semantic.py: {name} does not parse: {wrong[0]}")
    reader = Reader(path, name, text)
    for child in unit.cursor.get_children():
        if reader.own(child):
            reader.walk(child, None, False)
    reader.drop_guards()
    sites = nested(without_doubles(reader.sites))
    lines = reader.code.split("\n")
    counts = {}
    named = set()
    for site in sites:
        for change, _ in site.changes:
            if id(change) in named:
                continue
            named.add(id(change))
            change.file = name
            change.line = reader.code.count("\n", 0, site.begin) + 1
            change.what = " ".join(change.what.split())
            change.code = lines[change.line - 1].strip()
            same = (change.kind, change.what, change.code)
            counts[same] = counts.get(same, 0) + 1
            change.occurrence = counts[same]
    return reader.code, sites
