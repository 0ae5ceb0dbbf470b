import classes from "./content.module.css";

/** Foreign HTML to look at: no scripts, no forms, no access to this page. */
export function Sheet({ title, html }: { title: string; html: string }) {
  return (
    <iframe
      className={classes.sheet}
      title={title}
      sandbox="allow-popups allow-popups-to-escape-sandbox"
      referrerPolicy="no-referrer"
      srcDoc={`<base target="_blank">${html}`}
    />
  );
}
