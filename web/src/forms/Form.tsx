// A form that says at each field what is wrong with it, in the app's own words, where browsers show a bubble at one.
import { Text } from "@mantine/core";
import { type ComponentProps, type FormEvent, useEffect, useId, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { strings } from "../strings";

const text = strings.forms.wrong;

type Control = HTMLInputElement | HTMLTextAreaElement;

type Wrong = { control: Control; message: string };

type Props = Omit<ComponentProps<"form">, "onSubmit" | "noValidate"> & {
  /** Called when every field is as it should be; the page is not left. */
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
};

export function Form({ onSubmit, children, ...rest }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [wrong, setWrong] = useState<Wrong[]>([]);
  const id = useId();
  // A field that was put right loses its sentence, by whatever way it was filled in. Inputs with a list show what was
  // chosen one turn later.
  useEffect(() => {
    const check = () => {
      const left = wrong.filter(
        ({ control, message }) => control.isConnected && wordsFor(control) === message,
      );
      if (left.length < wrong.length) setWrong(left);
    };
    const timer = window.setTimeout(check);
    return () => window.clearTimeout(timer);
  });
  useEffect(() => marked(wrong, id), [wrong, id]);
  return (
    <form
      {...rest}
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        // A form in a portal still stands inside its page's form.
        event.stopPropagation();
        const found = wrongIn(event.currentTarget);
        setWrong(found);
        if (found[0]) found[0].control.focus();
        else onSubmit(event);
      }}
    >
      {children}
      {wrong.map(({ control, message }, n) =>
        createPortal(
          <Text id={idOf(id, n)} component="p" size="xs" c="var(--mantine-color-error)" mt={5}>
            {message}
          </Text>,
          placeOf(control),
          idOf(id, n),
        ),
      )}
    </form>
  );
}

const idOf = (form: string, n: number) => `${form}-wrong-${n}`;

/** Under the input, inside of what Mantine wraps around it. */
const placeOf = (control: Control) =>
  control.closest(".mantine-InputWrapper-root") ?? control.parentElement ?? document.body;

/** What Mantine draws the border of. */
const frameOf = (control: Control) => control.closest(".mantine-Input-wrapper");

/** Tells screen readers which fields are wrong and where it says why; gives back how to take that off again. */
function marked(wrong: Wrong[], id: string) {
  const before = wrong.map(({ control }) => control.getAttribute("aria-describedby"));
  wrong.forEach(({ control }, n) => {
    control.setAttribute("aria-invalid", "true");
    frameOf(control)?.setAttribute("data-error", "true");
    control.setAttribute("aria-describedby", [before[n], idOf(id, n)].filter(Boolean).join(" "));
  });
  return () =>
    wrong.forEach(({ control }, n) => {
      control.removeAttribute("aria-invalid");
      frameOf(control)?.removeAttribute("data-error");
      const was = before[n];
      if (was) control.setAttribute("aria-describedby", was);
      else control.removeAttribute("aria-describedby");
    });
}

const wrongIn = (form: HTMLFormElement): Wrong[] =>
  [...form.querySelectorAll<Control>("input, textarea")].flatMap((control) => {
    const message = wordsFor(control);
    return message ? [{ control, message }] : [];
  });

/** What is wrong with a field; nothing where it is as it should be. */
function wordsFor(control: Control): string | undefined {
  if (control.disabled || control.type === "hidden") return undefined;
  // Inputs that open a list are read-only, which browsers never find empty.
  if (control.required && control.value.trim() === "")
    return control.readOnly || control.getAttribute("aria-haspopup") === "listbox"
      ? text.choose
      : text.fillIn;
  if (lacksPills(control)) return text.choose;
  const { valid, typeMismatch } = control.validity;
  if (valid) return undefined;
  if (typeMismatch && control.type === "email") return text.email;
  if (typeMismatch && control.type === "url") return text.url;
  return control.validationMessage;
}

/** Whether nothing was chosen in an input that holds several and asks for one at least: browsers know of no such input. */
function lacksPills(control: Control): boolean {
  const box = control.parentElement?.closest("div[required]");
  return !!box && control.value.trim() === "" && !box.querySelector(".mantine-Pill-root");
}
