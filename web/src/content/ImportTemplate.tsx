// A template made of a design from elsewhere: an HTML page, or a zip archive of it with its pictures.
import { Alert, Button, FileInput, List, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FileUp } from "lucide-react";
import { useState } from "react";
import { importTemplate } from "../api/content";
import { definitionIsThere } from "../api/queries";
import type { ImportedTemplate, Kind } from "../api/types";
import { addressOf } from "../definitions/address";
import { keyFrom } from "../forms/keys";
import { Dialog } from "../shell/Dialog";
import { prose } from "../shell/Prose";
import { strings } from "../strings";

const text = strings.content.importing;
const PLURAL = "email_templates";
const TYPES = ".html,.htm,.zip,text/html,application/zip";

type Props = { kind: Kind };

export default function ImportTemplate({ kind }: Props) {
  const [open, setOpen] = useState(false);
  const [made, setMade] = useState<ImportedTemplate>();
  return (
    <>
      <Button
        variant="default"
        leftSection={<FileUp size={15} aria-hidden />}
        onClick={() => setOpen(true)}
      >
        {text.button}
      </Button>
      {open ? (
        <ImportDialog kind={kind} onClose={() => setOpen(false)} onToldMore={setMade} />
      ) : null}
      {made ? <LeftOut made={made} onClose={() => setMade(undefined)} /> : null}
    </>
  );
}

type DialogProps = Props & { onClose: () => void; onToldMore: (made: ImportedTemplate) => void };

function ImportDialog({ kind, onClose, onToldMore }: DialogProps) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const take = useMutation({
    mutationFn: async (design: File) => {
      const key = keyFrom(name, kind.key_pattern);
      if (await definitionIsThere(PLURAL, key)) throw new Error(strings.forms.exists(key));
      return importTemplate(key, name.trim(), design);
    },
    onSuccess: async (made) => {
      onClose();
      if (made.findings.length > 0) return onToldMore(made);
      await navigate({ to: addressOf(PLURAL, made.key) });
      await cache.invalidateQueries({ queryKey: ["definitions", PLURAL] });
    },
  });
  const choose = (chosen: File | null) => {
    setFile(chosen);
    if (chosen && name === "") setName(chosen.name.replace(/\.\w+$/, ""));
  };
  return (
    <Dialog
      title={text.title}
      error={take.error}
      busy={take.isPending}
      ready={file !== null}
      submit={text.take}
      onClose={onClose}
      onSubmit={() => file && take.mutate(file)}
    >
      <FileInput
        label={text.file}
        description={text.fileHint}
        placeholder={strings.imports.choose}
        accept={TYPES}
        clearable
        clearButtonProps={{ "aria-label": text.clear }}
        leftSection={<FileUp size={15} aria-hidden />}
        value={file}
        onChange={choose}
      />
      <TextInput
        label={strings.forms.name}
        required
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </Dialog>
  );
}

/** What was left out or is worth a look, before the template is opened. */
function LeftOut({ made, onClose }: { made: ImportedTemplate; onClose: () => void }) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  // The list below is read again only now: while it was empty, this stood in its middle, and would go with it.
  const open = async () => {
    onClose();
    await navigate({ to: addressOf(PLURAL, made.key) });
    await cache.invalidateQueries({ queryKey: ["definitions", PLURAL] });
  };
  return (
    <Modal opened onClose={() => void open()} title={text.made(made.pictures)}>
      <Stack gap="md">
        <Text size="sm">{text.leftOut}</Text>
        <Alert color="yellow" variant="light">
          <List size="sm">
            {made.findings.map((finding) => (
              <List.Item key={`${finding.code} ${finding.pointer} ${prose(finding.message)}`}>
                {prose(finding.message)}
              </List.Item>
            ))}
          </List>
        </Alert>
        <Button onClick={() => void open()} data-autofocus>
          {text.open}
        </Button>
      </Stack>
    </Modal>
  );
}
