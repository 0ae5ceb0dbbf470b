// A password or a token, which is told this once.
import { Alert, Button, CopyButton, Group, Modal, Stack, TextInput } from "@mantine/core";
import { Check, Copy } from "lucide-react";
import type { ReactNode } from "react";
import { strings } from "../strings";
import classes from "./admin.module.css";

const text = strings.admin.secret;

type Props = { title: string; secret: string; onClose: () => void; children?: ReactNode };

export function Secret({ title, secret, onClose, children }: Props) {
  return (
    <Modal opened onClose={onClose} title={title} closeOnClickOutside={false}>
      <Stack gap="md">
        <Alert color="yellow" variant="light" role="status">
          {text.once}
        </Alert>
        <Group gap="xs" wrap="nowrap" align="flex-end">
          <TextInput
            flex={1}
            readOnly
            aria-label={title}
            classNames={{ input: classes.secret }}
            value={secret}
            onFocus={(event) => event.currentTarget.select()}
          />
          <CopyButton value={secret}>
            {({ copied, copy }) => (
              <Button
                variant="default"
                data-autofocus
                leftSection={copied ? <Check size={15} /> : <Copy size={15} />}
                onClick={copy}
              >
                {copied ? text.copied : text.copy}
              </Button>
            )}
          </CopyButton>
        </Group>
        {children}
        <Group justify="flex-end">
          <Button onClick={onClose}>{text.done}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
