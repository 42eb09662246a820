// SPDX-License-Identifier: MIT
#include "tools/common/completion.hpp"

#include "tools/common/command.hpp"
#include "tools/common/given_values.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

namespace weir::tool {
namespace {

enum class wants : unsigned char { nothing, file, word };

struct shown_option {
    std::vector<std::string> names;  ///< including dashes; empty: a positional argument
    std::string words;
    std::string type;
    wants value = wants::nothing;
    bool may_go_without = false;  ///< the value is optional
    bool many = false;
};

struct shown_command {
    std::string name;
    std::string words;
    std::vector<shown_option> options;
};

shown_option shown(const CLI::Option& option) {
    shown_option one;
    for (const auto& name : option.get_snames()) one.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) one.names.push_back("--" + name);
    one.words = option.get_description();
    one.type = option.get_type_name();
    if (option.get_items_expected_max() > 0) one.value = takes_file(option) ? wants::file : wants::word;
    one.may_go_without = option.get_items_expected_min() == 0;
    one.many = option.get_items_expected_max() > 1;
    return one;
}

shown_command shown(const CLI::App& app) {
    shown_command one{app.get_name(), app.get_description(), {}};
    for (const auto* option : app.get_options())
        if (!option->get_group().empty()) one.options.push_back(shown(*option));
    return one;
}

std::vector<shown_command> subcommands_of(const CLI::App& app) {
    std::vector<shown_command> all;
    for (const auto* one : app.get_subcommands([](const CLI::App*) { return true; })) all.push_back(shown(*one));
    return all;
}

template <class Which>
std::string names_where(const shown_command& of, Which which) {
    std::string names;
    for (const auto& option : of.options)
        if (which(option))
            for (const auto& name : option.names) names += (names.empty() ? "" : " ") + name;
    return names;
}

bool takes_files(const shown_command& of) {
    return std::any_of(of.options.begin(), of.options.end(),
                       [](const shown_option& one) { return one.names.empty() && one.value == wants::file; });
}

std::string bash_case(const std::string& pattern, const shown_command& of) {
    return fmt::format(
        "    {})\n        options='{}'\n        files=' {} '\n        values=' {} '\n        optional=' {} '\n"
        "        arguments={}\n        ;;\n",
        pattern, names_where(of, [](const auto&) { return true; }),
        names_where(of, [](const auto& one) { return one.value == wants::file; }),
        names_where(of, [](const auto& one) { return one.value == wants::word; }),
        names_where(of, [](const auto& one) { return one.value != wants::nothing && one.may_go_without; }),
        takes_files(of) ? "files" : "");
}

std::string for_bash(const CLI::App& app) {
    const auto all = subcommands_of(app);
    std::string names;
    std::string cases = bash_case("''", shown(app));
    for (const auto& one : all) {
        names += (names.empty() ? "" : " ") + one.name;
        cases += bash_case(one.name, one);
    }
    std::string pattern = names;
    std::replace(pattern.begin(), pattern.end(), ' ', '|');
    return "# bash completion for weir, written by: weir --completion bash\n"
           "_weir() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
           "    local options files values optional arguments\n"
           "    # bash splits --option=value into three words.\n"
           "    if [[ $current == = ]]; then\n"
           "        current=\n"
           "    elif [[ $previous == = ]]; then\n"
           "        previous=${COMP_WORDS[COMP_CWORD-2]}\n"
           "    fi\n"
           "    for ((i = 1; i < COMP_CWORD; ++i)); do\n"
           "        case ${COMP_WORDS[i]} in\n"
           "        " +
           pattern +
           ")\n"
           "            command=${COMP_WORDS[i]}\n"
           "            break\n"
           "            ;;\n"
           "        esac\n"
           "    done\n"
           "    case $command in\n" +
           cases +
           "    esac\n"
           "    COMPREPLY=()\n"
           "    if [[ $current != -* && ($files == *\" $previous \"* || $arguments) ]]; then\n"
           "        if [[ $values == *\" $previous \"* ]]; then return; fi\n"
           "        compopt -o filenames 2>/dev/null\n"
           "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
           "        if [[ $optional != *\" $previous \"* ]]; then return; fi\n"
           "    elif [[ $values == *\" $previous \"* && $optional != *\" $previous \"* ]]; then\n"
           "        if [[ $previous == --completion ]]; then mapfile -t COMPREPLY < <(compgen -W 'bash zsh' -- \"$current\"); fi\n"
           "        return\n"
           "    fi\n"
           "    if [[ ! $command ]]; then options+=' " +
           names +
           "'; fi\n"
           "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
           "}\n"
           "complete -F _weir weir\n";
}

// Escapes text for single quotes inside the brackets, or after the colon, of an _arguments specification.
std::string zsh_words(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        if (c == '\'')
            safe += "'\\''";
        else if (c == '[' || c == ']' || c == ':' || c == '\\')
            safe += std::string("\\") + c;
        else
            safe += c == '\n' ? ' ' : c;
    }
    return safe;
}

std::string zsh_specifications(const shown_command& of) {
    std::string text;
    for (const auto& option : of.options) {
        const auto value = option.value == wants::nothing
                               ? std::string()
                               : fmt::format("{}{}:{}", option.may_go_without ? "::" : ":",
                                             zsh_words(option.type.empty() ? "value" : option.type),
                                             option.value == wants::file ? "_files"
                                             : option.type == "bash|zsh" ? "(bash zsh)"
                                                                         : " ");
        if (option.names.empty()) text += fmt::format(" \\\n        '{}{}'", option.many ? "*" : "1", value);
        for (const auto& name : option.names)
            text += fmt::format(" \\\n        '{}{}{}[{}]{}'", option.many ? "*" : "", name,
                                option.value != wants::nothing && name.starts_with("--") ? "=" : "",
                                zsh_words(option.words), value);
    }
    return text;
}

std::string for_zsh(const CLI::App& app) {
    std::string names;
    std::string cases;
    for (const auto& one : subcommands_of(app)) {
        names += fmt::format("        '{}:{}'\n", one.name, zsh_words(one.words));
        cases += fmt::format("    {})\n        _arguments -s{}\n        ;;\n", one.name, zsh_specifications(one));
    }
    return "#compdef weir\n"
           "# zsh completion for weir, written by: weir --completion zsh\n"
           "_weir() {\n"
           "    local context state state_descr line\n"
           "    typeset -A opt_args\n"
           "    local -a commands=(\n" +
           names +
           "    )\n"
           "    _arguments -C" +
           zsh_specifications(shown(app)) +
           " \\\n        '1: :->command' \\\n        '*:: :->rest'\n"
           "    if [[ $state == command ]]; then\n"
           "        _describe command commands\n"
           "        return\n"
           "    fi\n"
           "    [[ $state == rest ]] || return\n"
           "    case $line[1] in\n" +
           cases +
           "    esac\n"
           "}\n"
           "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
           "    _weir \"$@\"\n"
           "else\n"
           "    compdef _weir weir\n"
           "fi\n";
}

}  // namespace

std::string completion_of(const CLI::App& app, const std::string& shell) {
    if (shell == "bash") return for_bash(app);
    if (shell == "zsh") return for_zsh(app);
    throw stop(wrong_usage, fmt::format("--completion {}: only bash and zsh are supported; give one of "
                                        "the two",
                                        shell.empty() ? "''" : shell));
}

}  // namespace weir::tool
