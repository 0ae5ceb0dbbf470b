import { webAddress } from "./webAddress";

it("only what a browser opens as a page is an address", () => {
  expect(webAddress("https://crm.example/a/1")).toBe("https://crm.example/a/1");
  expect(webAddress("http://crm.example")).toBe("http://crm.example");
  for (const bad of [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>1</script>",
    "//crm.example",
    "/inside",
    "",
    null,
    undefined,
  ])
    expect(webAddress(bad)).toBeUndefined();
});
