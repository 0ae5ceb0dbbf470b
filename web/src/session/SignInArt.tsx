import classes from "../shell/shell.module.css";

const ROUTES = [
  "M-40 620 C 160 620 160 420 330 420 S 520 260 860 220",
  "M-40 620 C 160 620 160 420 330 420 S 520 560 860 600",
  "M-40 620 C 160 620 160 420 330 420 S 560 400 860 410",
];
const STOPS: [number, number, string][] = [
  [120, 580, "#5eead4"],
  [330, 420, "#f5b544"],
  [560, 285, "#a5a8ff"],
  [560, 529, "#6ddc86"],
  [600, 406, "#a5a8ff"],
];

/** Routes that part at a stop: what a journey looks like from afar. */
export function SignInArt() {
  return (
    <div className={classes.signInArt} aria-hidden>
      <svg viewBox="0 0 760 900" preserveAspectRatio="xMidYMid slice" focusable="false" aria-hidden>
        <g fill="none" stroke="#2b5662" strokeWidth="3">
          {ROUTES.map((route) => (
            <path key={route} d={route} />
          ))}
        </g>
        {STOPS.map(([x, y, colour]) => (
          <g key={`${x}-${y}`}>
            <rect
              x={x - 34}
              y={y - 34}
              width="68"
              height="68"
              rx="18"
              fill="#17353f"
              stroke="#2b5662"
              strokeWidth="2"
            />
            <circle cx={x} cy={y} r="9" fill={colour} />
          </g>
        ))}
      </svg>
    </div>
  );
}
