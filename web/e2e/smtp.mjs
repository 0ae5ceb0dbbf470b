// A double of a mail server that refuses what it is given until it is mended, and keeps what it takes.
import { createServer } from "node:net";

const ANSWERS = {
  EHLO: "250 double",
  MAIL: "250 ok",
  RCPT: "250 ok",
  RSET: "250 ok",
  NOOP: "250 ok",
};

export async function startMailServer() {
  const taken = [];
  const open = new Set();
  let mended = false;

  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.write("220 double\r\n");
    let [text, inContent, recipient] = ["", false, ""];

    const answerTo = (line) => {
      const word = line.slice(0, 4).toUpperCase();
      if (word === "RCPT") recipient = /<([^>]*)>/.exec(line)?.[1] ?? "";
      if (word === "QUIT") return socket.end("221 bye\r\n");
      inContent = word === "DATA";
      socket.write(`${inContent ? "354 go on" : (ANSWERS[word] ?? "502 what?")}\r\n`);
    };
    const answerToContent = () => {
      inContent = false;
      if (mended) taken.push(recipient);
      socket.write(mended ? "250 taken\r\n" : "554 5.6.0 this content is not wanted\r\n");
    };
    socket.on("data", (chunk) => {
      text += chunk;
      for (;;) {
        const end = inContent ? "\r\n.\r\n" : "\r\n";
        const at = text.indexOf(end);
        if (at < 0) return;
        const part = text.slice(0, at);
        text = text.slice(at + end.length);
        if (inContent) answerToContent();
        else answerTo(part);
      }
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

  return {
    port: server.address().port,
    /** Whom it took a message for. */
    taken,
    mend: () => {
      mended = true;
    },
    stop: () =>
      new Promise((stopped) => {
        for (const socket of open) socket.destroy();
        server.close(stopped);
      }),
  };
}
