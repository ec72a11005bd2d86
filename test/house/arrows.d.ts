export const arrows: { from: string; forbidden: string; why: string }[];
