// A dialog with one form: what was refused stands above its buttons.
import { Button, Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { Form } from "../forms/Form";
import { Refusal } from "../journeys/Refusal";
import { strings } from "../strings";

type Props = {
  title: string;
  error: Error | null;
  busy: boolean;
  /** Left out: it may be sent as soon as its fields are as they should be, which the form itself says. */
  ready?: boolean;
  submit?: string;
  size?: "md" | "lg";
  onClose: () => void;
  onSubmit: () => void;
  children: ReactNode;
};

export function Dialog(props: Props) {
  const {
    title,
    error,
    busy,
    ready = true,
    submit,
    size = "md",
    onClose,
    onSubmit,
    children,
  } = props;
  return (
    <Modal opened onClose={onClose} title={title} size={size}>
      <Form onSubmit={() => onSubmit()}>
        <Stack gap="md">
          {children}
          {error ? <Refusal error={error} /> : null}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {strings.forms.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={!ready}>
              {submit ?? strings.forms.save}
            </Button>
          </Group>
        </Stack>
      </Form>
    </Modal>
  );
}
