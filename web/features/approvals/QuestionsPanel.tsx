import { useState } from "react";
import type { AgentQuestion } from "../../../protocol/requests.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Textarea } from "../../shared/ui/Field.tsx";

type Answers = Record<string, { chosen: string[]; own: string }>;
const NOTHING: Answers[string] = { chosen: [], own: "" };

/** Questions of an agent, answered together: by its own options, or in one's own words. */
export function QuestionsPanel({
  questions,
  disabled,
  onAnswer,
  onRefuse,
}: {
  questions: AgentQuestion[];
  disabled: boolean;
  onAnswer(answers: Record<string, string>): void;
  onRefuse(): void;
}) {
  const [answers, setAnswers] = useState<Answers>({});
  const of = (question: string) => answers[question] ?? NOTHING;
  const set = (question: string, next: Partial<Answers[string]>) =>
    setAnswers((old) => ({ ...old, [question]: { ...(old[question] ?? NOTHING), ...next } }));
  const said = questions.map(({ question }) => {
    const { chosen, own } = of(question);
    return [question, own.trim() === "" ? chosen.join(", ") : own.trim()] as const;
  });

  return (
    <form
      className="flex flex-col gap-3"
      data-testid="questions"
      onSubmit={(event) => {
        event.preventDefault();
        onAnswer(Object.fromEntries(said));
      }}
    >
      {questions.map(({ question, options, many }) => {
        const { chosen, own } = of(question);
        return (
          <fieldset key={question} className="flex min-w-0 flex-col gap-2">
            <legend className="mb-1.5 break-words whitespace-pre-wrap">{question}</legend>
            {options.map(({ label, description }) => (
              <Button
                key={label}
                disabled={disabled}
                aria-pressed={chosen.includes(label)}
                look={chosen.includes(label) ? "primary" : "plain"}
                className="h-auto min-h-8 flex-col items-start! gap-0! py-1.5 text-left break-words whitespace-normal touch:min-h-11"
                data-testid="option"
                onClick={() =>
                  set(question, {
                    own: "",
                    chosen: !many
                      ? [label]
                      : chosen.includes(label)
                        ? chosen.filter((each) => each !== label)
                        : [...chosen, label],
                  })
                }
              >
                <span>{label}</span>
                {description !== null && <span className="text-[13px] opacity-75">{description}</span>}
              </Button>
            ))}
            <Textarea
              aria-label={`Your answer: ${question}`}
              placeholder={options.length > 0 ? "Or in your own words" : "Your answer"}
              rows={1}
              className="field-sizing-content max-h-40 min-h-8"
              data-testid="own-answer"
              value={own}
              onChange={(event) => set(question, { own: event.target.value })}
            />
          </fieldset>
        );
      })}
      <div className="flex flex-wrap gap-2">
        <Button
          type="submit"
          look="primary"
          disabled={disabled || said.some(([, answer]) => answer === "")}
          data-testid="answer"
          className="touch:h-11 phone:grow"
        >
          Answer
        </Button>
        <Button disabled={disabled} onClick={onRefuse} data-testid="deny" className="touch:h-11 phone:grow">
          Do not answer
        </Button>
      </div>
    </form>
  );
}
