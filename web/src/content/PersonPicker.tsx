// Whoever a message is looked at as: searched for among all people.
import { CustomerPicker } from "../customers/CustomerPicker";
import { strings } from "../strings";

const text = strings.content.viewer;

type Props = { value: string | undefined; onChange: (key: string | undefined) => void };

export function PersonPicker(props: Props) {
  return (
    <CustomerPicker
      {...props}
      subject="person"
      size="xs"
      w={260}
      aria-label={text.person}
      placeholder={text.nobody}
    />
  );
}
