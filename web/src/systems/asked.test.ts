import { returnedIn } from "./asked";

const NOTHING = { state: "", code: null, error: null, error_description: null };

it("reads what came back as text", () => {
  const read = returnedIn("?code=0123456789&state=abc%2Bd&locale=de");
  expect(read).toEqual({ ...NOTHING, code: "0123456789", state: "abc+d" });
});

it("reads why there is no code, and that nothing came back", () => {
  const sent = "?error=access_denied&error_description=The+user+cancelled&state=s";
  expect(returnedIn(sent)).toEqual({
    state: "s",
    code: null,
    error: "access_denied",
    error_description: "The user cancelled",
  });
  expect(returnedIn("")).toEqual(NOTHING);
});
