import { Argument, Command } from "commander";

/** `usermeta completion`: a script that completes commands and options in a shell. */
export function completionCommand(): Command {
  return new Command("completion")
    .description("print a script that completes commands and options in your shell")
    .addArgument(new Argument("<shell>", "your shell").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      `
  bash  source <(usermeta completion bash)
  zsh   source <(usermeta completion zsh)
  fish  usermeta completion fish | source`,
    )
    .action((shell: "bash" | "zsh" | "fish", _flags: unknown, command: Command) => {
      process.stdout.write(scripts[shell](command.parent?.commands ?? []));
    });
}

const optionsOf = (command: Command): readonly string[] =>
  [...command.options.flatMap(({ long, short }) => [long, short]), "--help"].filter((name) => name !== undefined);

const choicesOf = (command: Command): readonly (readonly [string, string])[] =>
  command.options.flatMap(({ long, argChoices }) =>
    long && argChoices ? [[long, argChoices.join(" ")] as const] : [],
  );

/** Words for what follows: the values of an option that has some, the command's options, or files. */
function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => `    ${command.name()}) words="${optionsOf(command).join(" ")}" ;;`);
  const choices = commands.flatMap((command) =>
    choicesOf(command).map(([option, values]) => `    "${command.name()} ${option}") words="${values}"; current= ;;`),
  );
  return `_usermeta() {
  local word=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words current=-
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name()).join(" ")} help --help --version" -- "$word"))
    return
  fi
  case $command in
${cases.join("\n")}
  esac
  case "$command \${COMP_WORDS[COMP_CWORD - 1]}" in
${choices.join("\n")}
  esac
  if [ -z "$current" ] || [ "\${word#-}" != "$word" ]; then COMPREPLY=($(compgen -W "$words" -- "$word"))
  else COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -F _usermeta usermeta
`;
}

const scripts = {
  bash,
  /** zsh runs bash's completions since 4.2. */
  zsh: (commands: readonly Command[]): string => `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`,
  fish: (commands: readonly Command[]): string =>
    commands
      .flatMap((command) => {
        const only = `complete -c usermeta -n "__fish_seen_subcommand_from ${command.name()}"`;
        const options = command.options.map(({ long, short, description, argChoices, required }) =>
          [
            only,
            long && `-l ${long.slice(2)}`,
            short && `-s ${short.slice(1)}`,
            required && (argChoices ? `-x -a "${argChoices.join(" ")}"` : "-r"),
            `-d ${quoted(description)}`,
          ]
            .filter(Boolean)
            .join(" "),
        );
        return [
          `complete -c usermeta -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.description())}`,
          ...options,
        ];
      })
      .join("\n")
      .concat("\n"),
};

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
