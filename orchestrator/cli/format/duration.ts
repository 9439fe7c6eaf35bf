/** Lengths of time as docker ps words them (HumanDuration in docker/go-units). */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @param milliseconds what has passed */
export const humanDuration = (milliseconds: number): string => {
	const seconds = Math.floor(milliseconds / SECOND);
	const minutes = Math.floor(milliseconds / MINUTE);
	const hours = Math.floor(milliseconds / HOUR + 0.5);
	if (seconds < 1) {
		return 'Less than a second';
	}

	if (seconds < 60) {
		return seconds === 1 ? '1 second' : `${seconds} seconds`;
	}

	if (minutes < 60) {
		return minutes === 1 ? 'About a minute' : `${minutes} minutes`;
	}

	if (hours < 48) {
		return hours === 1 ? 'About an hour' : `${hours} hours`;
	}

	const days = Math.floor(milliseconds / DAY);
	return days < 14 ? `${days} days` : days < 60 ? `${Math.floor(days / 7)} weeks` : days < 730 ? `${Math.floor(days / 30)} months` : `${Math.floor(days / 365)} years`;
};
