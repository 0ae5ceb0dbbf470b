import { CloseButton, TextInput, type TextInputProps } from "@mantine/core";
import { Search } from "lucide-react";
import { strings } from "../strings";

type SearchInputProps = Pick<TextInputProps, "w" | "flex" | "m" | "mb" | "size"> & {
  /** What is looked for, as the field says it. */
  label: string;
  value: string;
  onChange: (text: string) => void;
};

/** A field to search by, which is emptied with one click. */
export function SearchInput({ label, value, onChange, ...room }: SearchInputProps) {
  return (
    <TextInput
      {...room}
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<Search size={15} aria-hidden />}
      rightSection={
        value ? (
          <CloseButton
            size="sm"
            aria-label={strings.list.clearSearch}
            onClick={() => onChange("")}
          />
        ) : null
      }
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
