import { Button, FileButton } from "@mantine/core";
import { useRef } from "react";

type UploadButtonProps = {
  words: string;
  /** What it is called where several say the same. */
  name?: string;
  /** What the file is. */
  label: string;
  /** Ends of names and types of files, as browsers take them. */
  accept: string;
  busy: boolean;
  onFile: (file: File) => void;
};

/** Takes a file; the same one again too, once it is mended. */
export function UploadButton({ words, name, label, accept, busy, onFile }: UploadButtonProps) {
  const reset = useRef<() => void>(null);
  const choose = (file: File | null) => {
    if (file) onFile(file);
    reset.current?.();
  };
  return (
    <FileButton
      accept={accept}
      inputProps={{ "aria-label": label }}
      resetRef={reset}
      onChange={choose}
    >
      {(button) => (
        <Button {...button} size="xs" variant="default" aria-label={name} loading={busy}>
          {words}
        </Button>
      )}
    </FileButton>
  );
}
