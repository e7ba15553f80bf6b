import type { Grammar } from '../lib/grammar.ts';

/** Things that honest and hostile texts alike are about. All names, addresses and numbers are made up. */
export const COMMON: Grammar = {
  first:
    'Anna\nPeter\nMaria\nJames\nLinda\nOmar\nYuki\nSofia\nDavid\nPriya\nLukas\nChen\nFatima\nTom\nElena\nJonas\nClaire\nRavi\nMarta\nIvan\nBob\nAlice\nSarah\nMichael',
  last: 'Keller\nSmith\nRossi\nNovak\nTanaka\nGarcia\nMüller\nBrown\nPetrov\nSilva\nJones\nNguyen\nDubois\nKhan\nLarsen\nWalker\nMoreau\nOkafor\nLee\nAnderson',
  person: '<first> <last>\n<first>',
  domain:
    '{acme|northwind|bluebay|contoso-mail|orbit|fastmail|greenleaf|metro-hotel|data-drop|paste-it|secure-login|inbox-help|corp-share}.{com|net|org|io|co|example|de}',
  email: '<word>.<word>{|0|17|-2031|99}@<domain>\n<word>@<domain>',
  word: 'mark\nlena\ninfo\nteam\nsales\nhr\nalex\nsam\nfinance\nit\nnora\nphil\nhelp\naudit\nbackup\nreport',
  url: '{https://|http://|www.}<domain>/{|login|verify|upload|x|collect?d=|docs/42|a1b2}\nwww.<domain>',
  account:
    '{DE|GB|US|FR|CH}{12|33|89}0000{4401|9932|1200}{1212121212|5567001200|8888000012}\n{4471|9920|1002}{339912|881100|000012}{77|31}',
  amount: '{$|€|£|USD }{50|120|500|2,000|30,000|9999.99|1.50}',
  date: '2024-0{3|5|7|9}-{11|19|24}\n{March|May|October} {3|14|27}, 2025\n{Monday|Tuesday|Friday|tomorrow|next week}',
  time: '{09|10|14|16}:{00|30}',
  file: '{report|budget|meeting-notes|minutes|contract|invoice_0042|photo|roadmap|passwords|customers|README}.{docx|pdf|xlsx|txt|md|csv}',
  topic:
    'the quarterly budget\nthe onboarding plan\nthe product launch\nthe database migration\nthe office move\nthe summer party\nthe annual review\ncustomer feedback\nthe website redesign\nthe hiring plan\nthe security audit\nthe new insurance\nthe rent increase\nthe travel booking\nthe delivery',
  city: 'Berlin\nLyon\nOsaka\nToronto\nMadrid\nLeeds\nAustin\nPrague\nOslo\nNairobi',
  food: 'pizza\nlasagna\nsalad\nramen\ntacos\ncurry',
  product: 'headphones\nlaptop\ncoffee machine\nbackpack\nprinter\nmonitor\nsubscription\nrouter',
};
