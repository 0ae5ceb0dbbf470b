// The words of the editors of emails and text messages.
const number = new Intl.NumberFormat();

export const content = {
  insert: "Insert a field",
  search: "Search fields",
  groups: { person: "Person", account: "Account", system: "Message" },
  unsubscribe: "Address for opting out",
  sms: {
    title: "Text",
    segments: (n: number) => `${number.format(n)} ${n === 1 ? "segment" : "segments"}`,
    length: (n: number, room: number) => `${number.format(n)} of ${number.format(room)} characters`,
    unicode: "a character outside the phone alphabet makes segments shorter",
    varies: "fields may make it longer",
  },
  email: {
    title: "Content",
    views: { design: "Design", code: "Code" },
    view: "How to write the content",
    loading: "Opening the designer …",
    designer: "Email designer",
    code: { mjml: "MJML", html: "HTML" },
    blocks: "Blocks",
    properties: "Properties",
    side: "What stands beside the email",
    desktop: "Desktop",
    phone: "Phone",
    device: "Screen",
    broken: "This MJML cannot be opened in the designer. Put it right as code first.",
    chooseText: "Double-click a text to write in it; a field is inserted where you write.",
  },
};
