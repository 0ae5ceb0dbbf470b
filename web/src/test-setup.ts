// What jsdom lacks and Mantine asks for.
import "@testing-library/jest-dom/vitest";

const page = globalThis as unknown as { window?: Window & typeof globalThis };

if (page.window) {
  page.window.matchMedia = (query: string) =>
    ({
      matches: false,
      media: query,
      addEventListener: () => {},
      removeEventListener: () => {},
      addListener: () => {},
      removeListener: () => {},
      dispatchEvent: () => false,
      onchange: null,
    }) as MediaQueryList;

  page.window.Element.prototype.scrollIntoView = () => {};

  page.window.ResizeObserver = class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };

  // The router scrolls to the top of each page.
  page.window.scrollTo = () => {};

  // Texts that grow measure themselves anew once fonts are there.
  Object.defineProperty(page.window.document, "fonts", { value: new EventTarget() });
}
